from stages.report import compare, readme


def test_the_readme_shows_the_table_of_claims_of_this_commit():
    committed = compare.git("show", "HEAD:README.md")
    table = compare.git("show", f"HEAD:{readme.TABLE}")
    block = readme.BLOCK.search(committed)
    assert block is not None
    assert block[2] == table
