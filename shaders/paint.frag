#version 330
// The style pass: each band of the dream takes on the style's colours and contrast, and where the dream has less
// detail than the style, the style's own strokes are laid, along the dream's contours. Variants: GLOW as in the dream
// pass; BRUSH with strokes, FOLLOW where they turn with the contours, TWO while one style goes over into another.
#include "bands.glsl"
uniform sampler2D coarser;      // the other bands, mapped
uniform float first;            // the first band of which this picture has any
uniform mat3 map;               // of this band
uniform mat3 low_map;           // of L_4
uniform float edge;
uniform float style_strength;   // 0 the dream, 1 the style
uniform sampler2D settled_before; // what was painted in the frame before
uniform float settle;           // share of the new in what is painted now
uniform float settle_most;      // by which the paint may stay behind
uniform vec4 back;              // from here to where this was in the frame before: (a * p + b), complex
uniform vec3 mean_before;       // light and contrast of what was painted before are brought to those of now
uniform vec3 mean_now;
uniform float contrast;
uniform float source_aspect;
uniform mat3 colour;            // light and hue: after the style
uniform vec3 colour_offset;
#ifdef GLOW
uniform sampler2D glow;         // light to add: the newer frame, blurred and graded
#endif
#ifdef BRUSH
uniform sampler2D energy;
uniform vec4 energies;          // of the style's bands: what their mean squared length is
uniform sampler2DArray brush;   // b_0 to b_3 of the style's brush
uniform float style_paint;      // how thick the strokes are laid
uniform float room;             // mean squared length that they may have where the picture is flat
uniform float grain;            // width of a patch in pixels of a 512-row picture
uniform vec4 carry;             // from the picture to the strokes, which move with it: (a * p + b), complex
#ifdef TWO
uniform sampler2DArray brush_before;
uniform float arrived;          // 0 the style before, 1 this one
#endif
#ifdef FOLLOW
uniform sampler2D tensor;
uniform vec2 brush_direction;   // as a doubled angle
uniform float style_follow;
#endif
#endif
in vec2 uv;
layout(location = 0) out vec4 dream;
layout(location = 1) out vec4 settled;

vec2 times(vec2 a, vec2 b) { return vec2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }

#ifdef BRUSH
const mat2 SKEW = mat2(1.0, 0.0, -0.57735027, 1.15470054);
const mat2 UNSKEW = mat2(1.0, 0.0, 0.5, 0.86602540);
const float ANGLES = 8.0;
const float MASKED = 0.5;
const float PI = 3.14159265;

// Two even numbers in 0..1 from a lattice point (the mixing constants are Wellons' "lowbias32").
vec2 hash2(vec2 point) {
    ivec2 p = ivec2(point);
    uint h = uint(p.x) * 0x9E3779B9u ^ uint(p.y) * 0x85EBCA6Bu;
    h = (h ^ (h >> 16)) * 0x7FEB352Du;
    h = (h ^ (h >> 15)) * 0x846CA68Bu;
    h ^= h >> 16;
    return vec2(h & 0xFFFFu, h >> 16) / 65535.0;
}

// One patch of the brush, around `offset` from the centre of its cell, turned by `angle`.
void lay(vec2 offset, float angle, vec2 seed, float weight, inout vec3 strokes[4], inout float squares) {
    float size = float(textureSize(brush, 0).x), c = cos(angle), s = sin(angle);
    // Patches are cut from anywhere in the brush, as far as they fit into it.
    vec2 at = (mat2(c, -s, s, c) * offset) / size + 0.5 + (hash2(seed) - 0.5) * max(1.0 - 1.9 * grain / size, 0.0);
    for (int k = 0; k < 4; k++) {
        vec3 patch_ = textureLod(brush, vec3(at, float(k)), 0.0).rgb;
#ifdef TWO
        // Strokes that have nothing to do with each other: their variances add up, so their weights are roots.
        patch_ = patch_ * sqrt(arrived) + textureLod(brush_before, vec3(at, float(k)), 0.0).rgb * sqrt(1.0 - arrived);
#endif
        strokes[k] += weight * patch_;
    }
    squares += weight * weight;
}

void cell(vec2 corner, float weight, vec2 place, inout vec3 strokes[4], inout float squares) {
    vec2 centre = UNSKEW * corner * grain;
#ifdef FOLLOW
    vec2 carried = times(centre - carry.zw, vec2(carry.x, -carry.y)) / dot(carry.xy, carry.xy);
    vec3 found = textureLod(tensor, carried / vec2(512.0 * source_aspect, 512.0) + 0.5, 2.0).xyz;
    float coherence = length(found.xy) / (found.z + 1e-3);   // flat regions keep the style's own direction
    vec2 turned = times(found.xy / (length(found.xy) + 1e-9), times(carry.xy, carry.xy) / dot(carry.xy, carry.xy));
    vec2 direction = mix(brush_direction, turned, smoothstep(0.05, 0.35, coherence) * style_follow);
    float angle = 0.5 * (atan(direction.y, direction.x) - atan(brush_direction.y, brush_direction.x));
    // Two of eight fixed angles are blended, so that no patch slides about while the contours turn.
    float x = fract(angle / PI) * ANGLES, first = floor(x), part = x - first;
    for (int q = 0; q < 2; q++) {
        float number = mod(first + float(q), ANGLES);
        lay(place - centre, number * PI / ANGLES, corner + 17.0 * number, weight * (q == 0 ? 1.0 - part : part), strokes, squares);
    }
#else
    lay(place - centre, 0.0, corner, weight, strokes, squares);
#endif
}
#endif

void main() {
    vec4 here = textureLod(mixed, uv, 0.0);
    vec3 level = finest > 0.0 ? textureLod(mixed, uv, finest).rgb : here.rgb;
    vec4 rest = textureLod(coarser, uv, 0.0);
    vec3 y = mapped(map, low_map, edge, rest.a, level - textureLod(mixed, uv, finest + first + 1.0).rgb) + rest.rgb;
#ifdef BRUSH
    // A hexagonal lattice: three cells overlap at any place, with weights that add up to 1.
    vec3 strokes[4] = vec3[4](vec3(0.0), vec3(0.0), vec3(0.0), vec3(0.0));
    float squares = 0.0;
    vec2 place = times((uv - 0.5) * vec2(512.0 * source_aspect, 512.0), carry.xy) + carry.zw;
    vec2 skewed = SKEW * place / grain, corner = floor(skewed), f = skewed - corner;
    float z = 1.0 - f.x - f.y, s = step(z, 0.0);
    cell(corner + vec2(s), s > 0.0 ? -z : z, place, strokes, squares);
    cell(corner + vec2(s, 1.0 - s), s > 0.0 ? 1.0 - f.x : f.y, place, strokes, squares);
    cell(corner + vec2(1.0 - s, s), s > 0.0 ? 1.0 - f.y : f.x, place, strokes, squares);
    float even = inversesqrt(squares);      // keeps the brush's variance
    vec4 own = textureLod(energy, uv, 1.0), bare = clamp(1.0 - own / max(energies, 1e-9), 0.0, 1.0);
    // Of what the picture is, strokes hide a share at most, in lightness (livesing/style/masking.py).
    float most = sqrt(MASKED * (room + dot(own, vec4(1.0))) / max(dot(bare, energies), 1e-9));
    bare = style_paint * even * sqrt(bare);
    vec3 laid = bare[0] * strokes[0] + bare[1] * strokes[1] + bare[2] * strokes[2] + bare[3] * strokes[3];
    y += laid + min(most / max(style_paint, 1e-9) - 1.0, 0.0) * dot(laid, vec3(0.299, 0.587, 0.114));
#endif
    // Paint settles (livesing/style/settle.py).
    vec2 extent = vec2(512.0 * source_aspect, 512.0);
    vec2 origin = (times((uv - 0.5) * extent, back.xy) + back.zw) / extent + 0.5;
    vec3 late = contrast * (textureLod(settled_before, origin, 0.0).rgb - mean_before) + mean_now - y;
    y += (1.0 - settle) * clamp(late, -settle_most, settle_most);
    settled = vec4(y, 1.0);
    // What is finer than the bands (in pictures of more than 512 rows) stays as it is.
    vec3 c = clamp(colour * mix(here.rgb, y + here.rgb - level, style_strength) + colour_offset, 0.0, 1.0);
#ifdef GLOW
    c = 1.0 - (1.0 - c) * (1.0 - textureLod(glow, uv, 0.0).rgb);
#endif
    dream = vec4(c, here.a);
}
