#version 330
// For looks with a memory: the dream through the view and the lens, and the trails it leaves.
#include "seen.glsl"
#ifdef TRAIL
uniform sampler2D last;         // the picture of the frame before
uniform float trail_keep;       // share that stays, for this frame's duration
uniform float trail_scale;      // drift of what stays
#endif
out vec4 picture;

void main() {
    vec4 c = seen();
#ifdef TRAIL
    vec3 before = textureLod(last, (uv - 0.5) * trail_scale + 0.5, 0.0).rgb;
    // What is brighter stays longer: trails of light rather than mud.
    c.rgb = mix(c.rgb, max(before, c.rgb), trail_keep);
#endif
    picture = c;
}
