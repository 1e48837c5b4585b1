// The dream as the view and the lens show it. Variant FOLD: a kaleidoscope, worked out at every pixel.
uniform sampler2D dream;
#ifdef FOLD
uniform float aspect;
uniform float source_aspect;
uniform vec4 view;
uniform float lens_fold;        // segments
#endif
in vec2 uv;
in vec2 at;
in vec2 bend;

vec3 seen() {
    vec2 q = at;
#ifdef FOLD
    vec2 p = (uv - 0.5) * vec2(aspect, 1.0);
    float segment = 6.28318531 / lens_fold;
    float angle = abs(mod(atan(p.y, p.x) + 1.57079633, segment) - 0.5 * segment);
    p = length(p) * vec2(cos(angle), sin(angle)) - vec2(0.28, 0.0);
    p = vec2(view.x * p.x - view.y * p.y, view.y * p.x + view.x * p.y) + view.zw + bend;
    float cover = max(aspect / source_aspect, 1.0);
    q = p * vec2(1.0 / (source_aspect * cover), -1.0 / cover) + 0.5;
#endif
    // Mirrored at the borders; good within one picture's width, which is as far as the view goes.
    return textureLod(dream, 1.0 - abs(1.0 - abs(q)), 0.0).rgb;
}
