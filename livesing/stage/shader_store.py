"""Compiled shaders, one program for each variant that is asked for.

A feature that is off is left out of the program (`#define`) rather than skipped by a branch: software GL runs
both sides of every branch. Variants are compiled when first asked for, or ahead by `prepare`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import moderngl
import numpy as np

from livesing.errors import SurfaceError


class Program:
    """A compiled program that draws one full-screen triangle; unknown uniforms are ignored.

    A uniform that a variant does not use is optimised away by the driver, so a missing one is no fault.
    """

    def __init__(self, ctx: moderngl.Context, vertex: str, fragment: str) -> None:
        self._program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
        self._triangle = ctx.vertex_array(self._program, [])
        self.uniforms = frozenset(
            name for name in self._program if isinstance(self._program[name], moderngl.Uniform)
        )

    def draw(self, uniforms: Mapping[str, Any], textures: Mapping[str, moderngl.Texture]) -> None:
        """Set uniforms and textures by name, and draw into the framebuffer in use."""
        for unit, (name, texture) in enumerate(textures.items()):
            if name in self.uniforms:
                texture.use(unit)
                self._program[name].value = unit  # type: ignore[union-attr]
        for name in self.uniforms & uniforms.keys():
            value = uniforms[name]
            if isinstance(value, np.ndarray):
                self._program[name].write(value.tobytes())  # type: ignore[union-attr]
            else:
                self._program[name].value = value  # type: ignore[union-attr]
        self._triangle.render(moderngl.TRIANGLES, vertices=3)


class ShaderStore:
    """The folder of GLSL files, compiled in one context; owned by the render thread."""

    def __init__(self, ctx: moderngl.Context, folder: Path) -> None:
        self._ctx = ctx
        self._folder = folder
        self._vertex = (folder / "screen.vert").read_text(encoding="utf-8")
        self._programs: dict[tuple[str, frozenset[str]], Program] = {}

    def get(self, name: str, features: Iterable[str] = ()) -> Program:
        """The program of `name`.frag with `features` defined.

        Raises SurfaceError with the compiler's first line when it does not compile.
        """
        key = name, frozenset(features)
        if key not in self._programs:
            source = (self._folder / f"{name}.frag").read_text(encoding="utf-8")
            version, rest = source.split("\n", 1)
            defines = "".join(f"#define {feature}\n" for feature in sorted(key[1]))
            try:
                self._programs[key] = Program(self._ctx, self._vertex, f"{version}\n{defines}#line 2\n{rest}")
            except moderngl.Error as error:
                lines = [line for line in str(error).splitlines() if "error" in line.lower() and ":" in line]
                raise SurfaceError(f"shader {name}.frag: {(lines or [str(error)])[0].strip()}") from None
        return self._programs[key]
