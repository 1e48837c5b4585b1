"""Compiled shaders, one program for each variant that is asked for.

A feature that is off is left out of the program (`#define`) rather than skipped by a branch: software GL runs
both sides of every branch. Variants are compiled when first asked for.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import moderngl
import numpy as np

from livesing.errors import SurfaceError

VERTEX_BYTES = 16


class Program:
    """A compiled program that covers the target; uniforms that it does not use are ignored.

    A uniform that a variant does not use is optimised away by the driver, so a missing one is no fault.
    """

    def __init__(self, ctx: moderngl.Context, vertex: str, fragment: str, mesh: moderngl.Buffer) -> None:
        self._program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
        self._mesh = mesh if "corner" in self._program else None
        content = [(mesh, "2f 2f", "corner", "look")] if self._mesh else []
        self._shape = ctx.vertex_array(self._program, content)
        self._uniforms = {
            name: member
            for name in self._program
            if isinstance(member := self._program[name], moderngl.Uniform)
        }
        self.uniforms = frozenset(self._uniforms)

    def draw(self, uniforms: Mapping[str, Any], textures: Mapping[str, Any]) -> None:
        """Set uniforms and textures by name, and draw into the framebuffer in use."""
        for unit, (name, texture) in enumerate(textures.items()):
            if name in self._uniforms:
                texture.use(unit)
                self._uniforms[name].value = unit
        for name in self.uniforms & uniforms.keys():
            value = uniforms[name]
            if isinstance(value, np.ndarray):
                self._uniforms[name].write(value.tobytes())
            else:
                self._uniforms[name].value = value
        self._shape.render(moderngl.TRIANGLES, vertices=self._mesh.size // VERTEX_BYTES if self._mesh else 3)


class ShaderStore:
    """The folder of GLSL files, compiled in one context; owned by the render thread."""

    def __init__(self, ctx: moderngl.Context, folder: Path) -> None:
        self._ctx = ctx
        self._folder = folder
        self.mesh = ctx.buffer(reserve=VERTEX_BYTES, dynamic=True)
        """What `view.vert` is drawn with: vertices of four float32, see `lens.mesh`."""
        self._programs: dict[tuple[str, str, frozenset[str]], Program] = {}

    def get(self, fragment: str, features: Iterable[str] = (), vertex: str = "screen") -> Program:
        """The program of `fragment`.frag and `vertex`.vert with `features` defined.

        Raises SurfaceError with the compiler's first line when it does not compile.
        """
        key = fragment, vertex, frozenset(features)
        if key not in self._programs:
            sources = [self._source(name, key[2]) for name in (f"{vertex}.vert", f"{fragment}.frag")]
            try:
                self._programs[key] = Program(self._ctx, sources[0], sources[1], self.mesh)
            except moderngl.Error as error:
                lines = [line for line in str(error).splitlines() if "error" in line.lower() and ":" in line]
                raise SurfaceError(f"shader {fragment}.frag: {(lines or [str(error)])[0].strip()}") from None
        return self._programs[key]

    def _source(self, file: str, features: frozenset[str]) -> str:
        """A file's text with its `#include "other.glsl"` filled in and the features defined."""
        version, rest = (self._folder / file).read_text(encoding="utf-8").split("\n", 1)
        defines = "".join(f"#define {feature}\n" for feature in sorted(features))
        rest = re.sub(
            r'^#include "(\w+\.glsl)"$',
            lambda found: (self._folder / found[1]).read_text(encoding="utf-8"),
            rest,
            flags=re.MULTILINE,
        )
        return f"{version}\n{defines}#line 2\n{rest}"
