#version 330
// A mesh over the target: lens, view and liquid displacement are worked out at its corners and run smoothly in
// between, which costs next to nothing a pixel.
uniform float source_aspect;    // of the dream, width / height
uniform float cover;            // enlarges the dream so that it covers the target
uniform vec4 view;              // cos and sin of the angle over the zoom, offset in picture heights
uniform float warp;             // 0..1
uniform float time;             // s
in vec2 corner;                 // on the target, 0..1, y upwards
in vec2 look;                   // through the lens, in picture heights from the centre
out vec2 uv;
out vec2 at;                    // where to look in the dream, 0..1, y downwards

void main() {
    vec2 p = vec2(view.x * look.x - view.y * look.y, view.y * look.x + view.x * look.y) + view.zw;
    vec2 wave = sin(p.yx * 5.1 + vec2(0.43, -0.37) * time + vec2(0.0, 1.7));
    wave += 0.5 * sin(p.yx * 8.7 + 1.8 * wave + vec2(-0.61, 0.53) * time);
    p += 0.035 * warp * wave;
    at = p * vec2(1.0 / (source_aspect * cover), -1.0 / cover) + 0.5;
    uv = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
