#version 330
// A picture with alpha over the screen: the HUD.
uniform sampler2D image;
in vec2 uv;
out vec4 colour;
void main() { colour = textureLod(image, vec2(uv.x, 1.0 - uv.y), 0.0); }
