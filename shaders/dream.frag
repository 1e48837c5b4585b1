#version 330
// The dream at the generator's own size, for looks without a memory. Variant EXACT: both frames have the target's
// size, so texels are read as they are (a seventh of the cost of a filtered look-up on software GL).
#include "dreamt.glsl"
in vec2 uv;
out vec4 dream;

void main() {
#ifdef EXACT
    ivec2 texel = ivec2(gl_FragCoord.xy);
    vec4 before = texelFetch(older, texel, 0), after = texelFetch(newer, texel, 0);
#else
    vec4 before = textureLod(older, uv, 0.0), after = textureLod(newer, uv, 0.0);
#endif
    dream = dreamt(before, after, uv);
}
