// The dream as lens and view show it: colour, and in alpha the strength of lines.
uniform sampler2D dream;
in vec2 uv;
in vec2 at;

// Mirrored at the borders; good within one picture's width, which is as far as the view goes.
vec4 seen() { return textureLod(dream, 1.0 - abs(1.0 - abs(at)), 0.0); }
