#version 330
// The picture: two generated frames mixed in time, seen through the view, the lens and the palette.
// Compiled in variants: FOLD, WARP, TRAIL. Uniform branches cost the same as taking them on software GL.
uniform sampler2D older;
uniform sampler2D newer;
uniform float blend;            // 0 older, 1 newer
uniform sampler2D glow;         // the newer frame, blurred, a few dozen pixels wide
uniform vec2 glow_size;         // its size in pixels
uniform float aspect;           // of the target, width / height
uniform float source_aspect;    // of the generated frames
uniform vec4 view;              // cos and sin of the angle over the zoom, offset in picture heights
uniform mat3 colour;            // palette, saturation, hue and contrast in one map of sRGB
uniform vec3 colour_offset;
uniform float light_bloom;
#ifdef FOLD
uniform float lens_fold;        // kaleidoscope segments
#endif
#ifdef WARP
uniform float warp;             // 0..1
uniform float time;             // s
#endif
#ifdef TRAIL
uniform sampler2D last;         // the composite of the frame before
uniform float trail_keep;       // share that stays, for this frame's duration
uniform vec2 trail_scale;       // drift of what stays: cos and sin of the turn times the scale
#endif
in vec2 uv;
out vec4 picture;

vec2 mirror(vec2 p) { return abs(mod(p + 1.0, 2.0) - 1.0); }

// A few dozen pixels enlarged: smoothed fractions hide the facets of bilinear interpolation.
vec3 blurred(vec2 p) {
    vec2 pixel = p * glow_size - 0.5;
    vec2 whole = floor(pixel), part = pixel - whole;
    part = part * part * (3.0 - 2.0 * part);
    return texture(glow, (whole + part + 0.5) / glow_size).rgb;
}

void main() {
    vec2 p = (uv - 0.5) * vec2(aspect, 1.0);
#ifdef FOLD
    float segment = 6.28318531 / lens_fold;
    float angle = abs(mod(atan(p.y, p.x) + 1.57079633, segment) - 0.5 * segment);
    p = length(p) * vec2(cos(angle), sin(angle)) - vec2(0.28, 0.0);
#endif
    p = vec2(view.x * p.x - view.y * p.y, view.y * p.x + view.x * p.y) + view.zw;
#ifdef WARP
    vec2 wave = sin(p.yx * 5.1 + vec2(0.43, -0.37) * time + vec2(0.0, 1.7));
    wave += 0.5 * sin(p.yx * 11.3 + 2.2 * wave + vec2(-0.61, 0.53) * time);
    p += 0.035 * warp * wave;
#endif
    // The frame covers the target; what hangs over is mirrored, never empty.
    float cover = max(aspect / source_aspect, 1.0);
    vec2 at = mirror(p / vec2(source_aspect, 1.0) / cover + 0.5);
    at.y = 1.0 - at.y;          // generated frames begin at the top
    vec3 c = mix(texture(older, at).rgb, texture(newer, at).rgb, blend);
    vec3 soft = blurred(at);
    c = colour * c + colour_offset;
    soft = clamp(colour * soft + colour_offset, 0.0, 1.0);
    c = clamp(c, 0.0, 1.0);
    // Screen blending adds light without clipping it.
    vec3 shine = light_bloom * soft * soft;
    c = 1.0 - (1.0 - c) * (1.0 - shine);
#ifdef TRAIL
    vec2 q = uv - 0.5;
    q = vec2(trail_scale.x * q.x - trail_scale.y * q.y, trail_scale.y * q.x + trail_scale.x * q.y) + 0.5;
    vec3 before = texture(last, q).rgb;
    // What is brighter stays longer: trails of light rather than mud.
    c = mix(c, max(before, c), trail_keep);
#endif
    picture = vec4(c, 1.0);
}
