"""Which variants of the passes' programs a look needs: what is off is compiled out."""

from collections.abc import Iterator, Mapping

from livesing.params import TABLE

SHORTEST_TRAIL = 0.02
FAINT = 0.004
"""Less than this cannot be seen."""
DISCRETE = tuple(
    param for param in TABLE if param.look and param.kind == "int" and param.name != "dream.view"
)
"""Parameters that change the picture in steps: their change is covered by a fade of the picture itself."""


def has_lines(params: Mapping[str, float]) -> bool:
    """Whether a look draws lines along edges."""
    return params["line.ink"] > FAINT or params["line.glow"] > FAINT


def dream_features(params: Mapping[str, float], exact: bool, glows: bool) -> list[str]:
    """Of the dream pass; `exact` where both frames have its size."""
    return _on({"EXACT": exact, "GLOW": glows, "LINES": has_lines(params)})


def view_features(params: Mapping[str, float], trail: bool, glows: bool, styled: bool) -> list[str]:
    """Of the view pass; `styled` where the dream is painted already."""
    if styled:
        return _on({"TRAIL": trail, "STYLED": True})
    return _on({"TRAIL": trail, "GLOW": glows, "LINES": has_lines(params)})


def present_features(params: Mapping[str, float], direct: bool, fading: bool) -> list[str]:
    """Of the present pass; `direct` where the picture is looked up in the dream itself."""
    return _on(
        {
            "DIRECT": direct,
            "INK": params["line.ink"] > FAINT,
            "GLOW": params["line.glow"] > FAINT,
            "POSTERISE": params["film.posterise"] > 0,
            "GRAIN": params["film.grain"] > 0,
            "FADE": fading,
        }
    )


def variants(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[tuple[str, list[str], str]]:
    """The programs, as (fragment, features, vertex), of a fade between two looks: what either needs."""
    params = {name: max(value, other[name]) for name, value in one.items()}
    steps = any(one[param.name] != other[param.name] for param in DISCRETE)
    trail = params["trail.amount"] > SHORTEST_TRAIL
    for glows in {False, params["light.bloom"] > 0}:  # without frames there is no glow yet
        for exact in (True, False):
            yield "dream", dream_features(params, exact, glows), "screen"
        if trail:
            for styled in (False, True):
                yield "view", view_features(params, True, glows, styled), "view"
        if steps:
            yield "view", view_features(params, False, glows, False), "view"
    if has_lines(params):
        yield "lines", [], "screen"
    for fading in (False, True) if steps else (False,):
        yield "present", present_features(params, not trail, fading), "screen" if trail else "view"


def _on(features: Mapping[str, bool]) -> list[str]:
    return [feature for feature, on in features.items() if on]
