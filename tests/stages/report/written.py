"""Files of a repository that are written here, in place of those of a folder or a commit."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """Files by name: what `stages.report.blocks.Files` is."""

    texts: Mapping[str, str]

    def there(self, name: str) -> bool:
        return name in self.texts

    def text(self, name: str) -> str:
        return self.texts[name]
