#version 330
// The picture before lines and light: the dream through the view and the lens, and the trails it leaves.
#include "seen.glsl"
#ifdef TRAIL
uniform sampler2D last;         // the picture of the frame before
uniform float trail_keep;       // share that stays, for this frame's duration
uniform float trail_scale;      // drift of what stays
#endif
out vec4 picture;

void main() {
    vec3 c = seen();
#ifdef TRAIL
    vec3 before = textureLod(last, (uv - 0.5) * trail_scale + 0.5, 0.0).rgb;
    // What is brighter stays longer: trails of light rather than mud.
    c = mix(c, max(before, c), trail_keep);
#endif
    picture = vec4(c, 1.0);
}
