"""Results as JSON and back, every number to its last bit, NaN and infinities included.

Python's JSON keeps numbers of Python exactly, as it writes NaN and Infinity too. What it does not
know stands behind a mark:

    {"$array": ["<f4", [2, 3], bytes]}     an array of NumPy; bytes in base 64, C order
    {"$scalar": ["<f4", [], bytes]}        a number of NumPy
    {"$floats": ["<f8", [6], bytes]}       a list of Python's floats, as <f4 if that loses nothing
    {"$rows": {name: list}}                dicts with the same keys, in the same order
    {"$table": [[name, column], …]}        a table of pandas; its index becomes 0, 1, …
    {"$tuple": list}
    {"$dict": [[key, value], …]}           a dict whose keys are not all words, or may be marks

Nothing else is taken: no tensors, no objects, so that reading can run no code.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

MARK = "$"


def encoded(value: Any) -> Any:
    """Return what JSON can hold.

    Raises:
        TypeError: for a value of another type than above, naming it.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return _encoded_list(value)
    if kind is tuple:
        return {"$tuple": [encoded(item) for item in value]}
    if kind is dict:
        return _encoded_dict(value)
    if isinstance(value, np.generic):
        return {"$scalar": _bytes(np.asarray(value))}
    if kind is np.ndarray:
        return {"$array": _bytes(value)}
    if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ == "DataFrame":
        return {"$table": [[encoded(name), _column(of)] for name, of in value.items()]}
    raise TypeError(
        "a result: expected None, numbers, words, lists, tuples, dicts, arrays or tables, got "
        f"{kind.__module__}.{kind.__qualname__}"
    )


def decoded(value: Any) -> Any:
    """Return what `encoded` was given.

    Raises:
        ValueError, TypeError, KeyError: for what it has not made.
    """
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    mark = next(iter(value), "")
    if not mark.startswith(MARK):
        return {key: decoded(item) for key, item in value.items()}
    return _MARKED[mark](value[mark])


def _encoded_list(values: list) -> Any:
    if values and all(type(value) is float for value in values):
        return {"$floats": _bytes(_narrowest(np.array(values)))}
    if not values or not all(type(value) is dict and value for value in values):
        return [encoded(value) for value in values]
    names = list(values[0])
    if not _plain(names) or any(list(value) != names for value in values):
        return [encoded(value) for value in values]
    return {"$rows": {name: _encoded_list([value[name] for value in values]) for name in names}}


def _encoded_dict(value: dict) -> dict:
    if _plain(value):
        return {key: encoded(item) for key, item in value.items()}
    return {"$dict": [[encoded(key), encoded(item)] for key, item in value.items()]}


def _plain(keys: Any) -> bool:
    return all(type(key) is str and not key.startswith(MARK) for key in keys)


def _column(column: Any) -> Any:
    """Return a column of a table: an array, or a list where it holds more than numbers."""
    values = column.to_numpy()
    return encoded(column.tolist() if values.dtype == object else values)


def _narrowest(values: np.ndarray) -> np.ndarray:
    """Return float64 as float32 if that loses nothing, as of what float32 was measured in."""
    with np.errstate(all="ignore"):
        narrow = values.astype(np.float32)
    return narrow if narrow.astype(np.float64).tobytes() == values.tobytes() else values


def _bytes(array: np.ndarray) -> list:
    if array.dtype.kind not in "biufc":
        raise TypeError(f"a result: expected arrays of numbers, got dtype {array.dtype}")
    content = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return [array.dtype.str, list(array.shape), content]


def _array(parts: list) -> np.ndarray:
    dtype, shape, content = parts
    flat = np.frombuffer(base64.b64decode(content, validate=True), np.dtype(dtype))
    return flat.reshape(shape).copy()  # that may be written to


def _rows(columns: Mapping[str, Any]) -> list[dict]:
    values = zip(*map(decoded, columns.values()), strict=True)
    return [dict(zip(columns, of_row, strict=True)) for of_row in values]


def _table(columns: list) -> Any:
    import pandas as pd  # takes seconds that most units do without

    return pd.DataFrame({decoded(name): decoded(column) for name, column in columns})


_MARKED = {
    "$array": _array,
    "$scalar": lambda parts: _array(parts)[()],
    "$floats": lambda parts: _array(parts).astype(np.float64).tolist(),
    "$rows": _rows,
    "$table": _table,
    "$tuple": lambda values: tuple(map(decoded, values)),
    "$dict": lambda pairs: {decoded(key): decoded(value) for key, value in pairs},
}
