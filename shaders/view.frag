#version 330
// For looks with a memory: the two frames through the view and the lens, and the trails they leave. Without TRAIL
// it is the last picture of a look that goes.
#ifdef STYLED
uniform sampler2D dream;        // painted in a style already
#else
#include "dreamt.glsl"
#endif
#include "mirrored.glsl"
#ifdef TRAIL
uniform sampler2D last;         // the picture of the frame before
uniform float trail_keep;       // share that stays, for this frame's duration
uniform float trail_scale;      // drift of what stays
#endif
in vec2 uv;
in vec2 at;
out vec4 picture;

void main() {
    vec2 place = mirrored(at);
#ifdef STYLED
    vec4 c = textureLod(dream, place, 0.0);
#else
    vec4 c = dreamt(textureLod(older, place, 0.0), textureLod(newer, place, 0.0), place);
#endif
#ifdef TRAIL
    vec3 before = textureLod(last, (uv - 0.5) * trail_scale + 0.5, 0.0).rgb;
    // What is brighter stays longer: trails of light rather than mud.
    c.rgb = mix(c.rgb, max(before, c.rgb), trail_keep);
#endif
    picture = c;
}
