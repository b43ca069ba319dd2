# SPDX-License-Identifier: Apache-2.0
"""Reads the TOML file, or says all that is wrong with it: file, line, key, nearest right word.

The keys themselves are in `edge.settings.keys`; those of a driver's table are in the driver.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge import plugins
from edge.errors import ConfigError
from edge.settings.keys import MEANT, Config, Part
from edge.settings.toml_lines import Key, key_lines, line_of
from edge.verdict.rule import ANALYTICS, RULES

__all__ = ["Config", "load", "parse", "schema", "show"]

TableT = TypeVar("TableT", bound=BaseModel)

_GROUPS: Mapping[str, plugins.Group] = {"tap": "taps", "gate": "gates", "enforcer": "enforcers"}
"Tables whose keys are a driver's, and where that driver is found."

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AT_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)")


class _Problem(NamedTuple):
    """Something wrong, and the key it is wrong with."""

    key: Key
    text: str


def load(path: Path) -> Config:
    """Read a file. Relative paths in it are relative to it. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as refusal:
        raise ConfigError(f"{path}: {refusal.strerror}") from refusal
    except UnicodeDecodeError as wrong:
        raise ConfigError(f"{path}: octet {wrong.start} is not UTF-8") from wrong
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Read the text of a file that stands, or would, at `path`. Raises `ConfigError`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        place = _AT_LINE.fullmatch(str(wrong))
        where, why = (f"{path}:{place[2]}", place[1]) if place else (str(path), str(wrong))
        raise ConfigError(f"{where}: {why}") from wrong
    problems = [*_unknown_words(tables)]
    config = _validated(tables, problems)
    if config and not problems:
        return _anchored(config, path.absolute().parent)
    lines = key_lines(text)
    report = sorted((line_of(lines, key), ".".join(map(str, key)), why) for key, why in problems)
    raise ConfigError("\n".join(f"{path}:{line}: {key}: {why}" for line, key, why in report))


def _unknown_words(tables: Mapping[str, Any]) -> Iterator[_Problem]:
    """Yield what no model can see: parts and rules that are named, but do not exist."""
    for name, trunk in _table(tables, "trunk").items():
        if isinstance(trunk, dict):
            yield from _unknown_parts(tables, name, trunk)
    rules = [rule.id for rule in RULES]
    for name in _table(_table(tables, "policy"), "rules"):
        if name in [rule.id for rule in ANALYTICS]:
            yield _Problem(("policy", "rules", name), "is set by detect.action")
        elif name not in rules:
            yield _Problem(("policy", "rules", name), f"no such rule{_near(name, rules)}")


def _unknown_parts(
    tables: Mapping[str, Any], name: str, trunk: Mapping[str, Any]
) -> Iterator[_Problem]:
    """Yield what is wrong with the parts that a trunk names."""
    for key, kind in (("taps", "tap"), ("gates", "gate")):
        known, named = _table(tables, kind), trunk.get(key)
        for index, part in enumerate(named if isinstance(named, list) else ()):
            if isinstance(part, str) and part not in known:
                yield _Problem(("trunk", name, key, index), f"no such {kind}{_near(part, known)}")
    enforcers, enforcer = _table(tables, "enforcer"), trunk.get("enforcer")
    if isinstance(enforcer, str) and enforcer not in enforcers:
        yield _Problem(("trunk", name, "enforcer"), f"no such enforcer{_near(enforcer, enforcers)}")
    if enforcer and trunk.get("gates"):
        why = "its switch asks at a gate, or is told by an enforcer: not both"
        yield _Problem(("trunk", name, "enforcer"), why)


def _validated(tables: Mapping[str, Any], problems: list[_Problem]) -> Config | None:
    """Return the configuration; None, and the reasons in `problems`, if it is none."""
    whole = dict(tables)
    for kind, group in _GROUPS.items():
        if isinstance(tables.get(kind), dict):
            named = tables[kind].items()
            parts = {name: _part(group, (kind, name), table, problems) for name, table in named}
            whole[kind] = {name: part for name, part in parts.items() if part}
    try:
        return Config.model_validate(whole)
    except ValidationError as wrong:
        problems += _problems(Config, (), wrong)
        return None


def _part(group: plugins.Group, key: Key, table: object, problems: list[_Problem]) -> Part | None:
    """Return a driver's table as the driver reads it; None, and the reasons, if it cannot."""
    if not isinstance(table, dict):
        problems.append(_Problem(key, "is a table: a driver, and the driver's own keys"))
        return None
    name = table.get("driver")
    if not isinstance(name, str):
        known = ", ".join(plugins.names(group))
        problems.append(_Problem((*key, "driver"), f"is required, one of: {known}"))
        return None
    try:
        model: type[BaseModel] = plugins.load(group, name).config
    except ConfigError as unknown:
        problems.append(_Problem((*key, "driver"), str(unknown)))
        return None
    settings = {word: value for word, value in table.items() if word != "driver"}
    try:
        return Part(driver=name, settings=model.model_validate(settings))
    except ValidationError as wrong:
        problems += _problems(model, key, wrong)
        return None


def _problems(model: type[BaseModel], above: Key, wrong: ValidationError) -> list[_Problem]:
    """Return what is wrong; a required key that was only misspelt is not called missing too."""
    errors = wrong.errors()
    meant = {
        (*table, near)
        for *table, word in (error["loc"] for error in errors if error["type"] == "extra_forbidden")
        for near in get_close_matches(str(word), _fields(model, tuple(table)), n=1)
    }
    return [
        _problem(model, above, error)
        for error in errors
        if error["type"] != "missing" or error["loc"] not in meant
    ]


def _problem(model: type[BaseModel], above: Key, error: ErrorDetails) -> _Problem:
    """Return an error of pydantic as a sentence for the one who wrote the file."""
    key = tuple(step for step in error["loc"] if step != "[key]")
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            text = "is required"
        case "extra_forbidden":
            text = f"unknown key{_near(key[-1], _fields(model, key[:-1]))}"
        case "model_type" | "dict_type":
            text = "is a table"
        case "enum":
            words = re.findall(r"'([^']*)'", str(context.get("expected")))
            text = f"{error['input']!r} is no choice here{_near(error['input'], words)}"
        case "string_pattern_mismatch":
            text = f"{error['input']!r}: {MEANT.get(context['pattern'], error['msg'])}"
        case _:
            text = f"{error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"
    return _Problem((*above, *key), text)


def _near(word: object, known: Iterable[str]) -> str:
    """Return what to add to "unknown": the nearest of the known words, or all of them."""
    words = list(known)
    near = get_close_matches(str(word), words, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(words)}" if words else "; none is known"


def _fields(model: type[BaseModel], key: Key) -> list[str]:
    """Return the keys that the table at `key` may have."""
    found: Any = model
    for step in key:
        if isinstance(found, type) and issubclass(found, BaseModel):
            named = {field.alias or name: field for name, field in found.model_fields.items()}
            found = named[str(step)].annotation
        else:  # an entry of dict[Name, Table], an item of tuple[Table, ...]
            found = next(inner for inner in reversed(get_args(found)) if inner is not Ellipsis)
    return [field.alias or name for name, field in found.model_fields.items()]


def _table(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, dict) else {}


def _anchored(table: TableT, base: Path) -> TableT:
    """Return the table with its relative paths made relative to `base`."""
    values = {name: _resolved(getattr(table, name), base) for name in type(table).model_fields}
    return table.model_copy(update=values)


def _resolved(value: object, base: Path) -> object:
    match value:
        case Path():
            return base / value
        case BaseModel():
            return _anchored(value, base)
        case dict():
            return {key: _resolved(inner, base) for key, inner in value.items()}
        case tuple():
            return tuple(_resolved(inner, base) for inner in value)
        case _:
            return value


def show(config: Config) -> str:
    """Return the configuration as TOML with every default written out."""
    return "\n".join(_toml((), config.model_dump(mode="json", by_alias=True)))


def _toml(above: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a table, its own keys before the tables within it."""
    own = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if own:
        yield f"[{'.'.join(map(_key, above))}]"
        yield from (f"{_key(key)} = {_value(own[key])}" for key in own if own[key] is not None)
        yield ""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _toml((*above, key), value)


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_value(value[key])}' for key in value)} }}"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and truths are TOML's too


def _key(word: str) -> str:
    return word if _BARE.fullmatch(word) else json.dumps(word, ensure_ascii=False)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, the keys of all installed drivers included."""
    whole = Config.model_json_schema()
    del whole["$defs"]["Part"], whole["$defs"]["BaseModel"]
    for kind, group in _GROUPS.items():
        tables = [_driver_schema(group, name) for name in plugins.names(group)]
        for table in tables:
            whole["$defs"] |= table.pop("$defs", {})
        named = whole["properties"][kind]["patternProperties"]
        named.update(dict.fromkeys(named, {"oneOf": tables} if tables else False))
    return whole


def _driver_schema(group: plugins.Group, name: str) -> dict[str, Any]:
    """Return the schema of a driver's table, `driver` among its keys."""
    driver = plugins.load(group, name)
    table: dict[str, Any] = driver.config.model_json_schema()
    choice = {"const": name, "description": driver.summary}
    table["properties"] = {"driver": choice, **table.get("properties", {})}
    table["required"] = ["driver", *table.get("required", [])]
    return table
