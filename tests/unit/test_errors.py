"""The tree of errors: complete, drawn as it is, with every SQLSTATE that the SQL functions raise."""

from __future__ import annotations

import inspect
import re

from clipsql import assets, errors


def classes() -> dict[str, type]:
    return {
        name: found
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, BaseException)
    }


def test_every_error_is_a_clipsql_error_with_a_sentence() -> None:
    for name, found in classes().items():
        assert issubclass(found, errors.ClipsqlError), name
        assert (found.__doc__ or "").endswith("."), name


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│ ├└─]*)([A-Z]\w+)", line)
        if found:
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            drawn[found[2]] = above[depth - 1] if depth else "Exception"
    assert drawn == {name: found.__base__.__name__ for name, found in classes().items() if found.__base__}


def test_every_sqlstate_of_the_sql_files_has_its_class() -> None:
    raised = {
        code
        for file in assets.newest_sql_files("functions").values()
        for code in re.findall(r"errcode = '(CQ\d{3})'", file.read_text("utf-8"))
    }
    assert raised == set(errors.ERRORS_BY_SQLSTATE)
