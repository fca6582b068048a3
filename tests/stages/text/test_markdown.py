"""Tables and paragraphs."""

from stages.text.markdown import table, unwrap

WRAPPED = """# Title

A formula $x <
y$ in a
paragraph.

- one item,
  wrapped
- $-x$ is
-x no item

| a |
| --- |
| b |

```python
a = [

    1,
]
```

$$ a
b $$
"""


def test_a_table_has_a_row_a_line_and_no_end_of_line():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_paragraphs_items_and_formulas_come_on_one_line_and_all_else_stays():
    expected = WRAPPED.replace("$x <\ny$ in a\n", "$x < y$ in a ").replace("item,\n  ", "item, ")
    expected = expected.replace("is\n-x", "is -x").replace("$$ a\n", "$$ a ")
    assert unwrap(WRAPPED) == expected
    assert unwrap(expected) == expected
