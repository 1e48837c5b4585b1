#version 330
// To the screen: lines, tone, light. What pulses with the sound comes here, after everything that keeps a memory
// of the picture. Compiled in variants: INK, GLOW, POSTERISE, GRAIN, FADE; and DIRECT, where the look has no memory
// and the picture is looked up in the dream itself.
#ifdef DIRECT
#include "mirrored.glsl"
uniform sampler2D dream;
in vec2 at;
#else
uniform sampler2D picture;
#endif
in vec2 uv;
uniform float light;            // gain on sRGB values
uniform float curtain;          // 0 black, 1 open
uniform float aspect;
uniform float light_vignette;
#ifdef INK
uniform float line_ink;
#endif
#ifdef GLOW
uniform float line_glow;
uniform float glow_drive;       // 0..1, treble
#endif
#ifdef POSTERISE
uniform float film_posterise;
#endif
#ifdef GRAIN
uniform float film_grain;
uniform float grain_seed;
#endif
#ifdef FADE
uniform sampler2D leaving;      // the last picture of the look that goes
uniform float fade;             // 0 it, 1 the new one
#endif
out vec4 colour;

float luma(vec3 c) { return dot(c, vec3(0.299, 0.587, 0.114)); }

void main() {
#ifdef DIRECT
    vec4 found = textureLod(dream, mirrored(at), 0.0);
#else
    vec4 found = textureLod(picture, uv, 0.0);
#endif
    vec3 c = found.rgb;
#ifdef INK
    c *= 1.0 - 0.92 * line_ink * found.a;
#endif
#ifdef GLOW
    // The more the lines glow, the darker the rest.
    vec3 tint = c / (max(max(c.r, c.g), c.b) + 0.05);
    c *= 1.0 - 0.75 * line_glow * (1.0 - found.a);
    c += tint * (found.a * line_glow * (0.8 + 1.6 * glow_drive));
#endif
#ifdef POSTERISE
    float y = luma(c);
    float steps = mix(12.0, 4.0, film_posterise);
    float level = y * steps;
    float part = fract(level);
    // Soft edges between the steps, or they would crawl.
    float flat_y = (floor(level) + smoothstep(0.35, 0.65, part)) / steps;
    c *= mix(1.0, (flat_y + 0.02) / (y + 0.02), min(film_posterise * 2.0, 1.0));
#endif
#ifdef FADE
    c = mix(textureLod(leaving, uv, 0.0).rgb, c, fade);
#endif
    vec2 p = (uv - 0.5) * vec2(aspect, 1.0);
    float corner = dot(p, p) / (0.25 * (aspect * aspect + 1.0));
    c *= light * (1.0 - light_vignette * corner);
    // A soft shoulder: what the light pushes over white keeps its colour.
    c = c / (1.0 + max(c - 0.8, 0.0) * 0.6);
#ifdef GRAIN
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy + grain_seed, vec2(0.06711056, 0.00583715))));
    c += (noise - 0.5) * (0.08 * film_grain);
#endif
    colour = vec4(c * curtain, 1.0);
}
