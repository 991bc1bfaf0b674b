"use strict";
// A viewer for one embedded GLB: WebGL 2, no libraries, nothing loaded from anywhere.

const root = document.documentElement;
const canvas = document.getElementById("view");

function fail(text) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.hidden = false;
  root.dataset.state = "error";
  throw new Error(text);
}

// ---------------------------------------------------------------- matrices, column-major

function multiply(a, b) {
  const out = new Float32Array(16);
  for (let c = 0; c < 4; c++)
    for (let r = 0; r < 4; r++)
      for (let k = 0; k < 4; k++) out[c * 4 + r] += a[k * 4 + r] * b[c * 4 + k];
  return out;
}

function identity() {
  return new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
}

function nodeMatrix(node) {
  if (node.matrix) return new Float32Array(node.matrix);
  const [x, y, z, w] = node.rotation || [0, 0, 0, 1];
  const [sx, sy, sz] = node.scale || [1, 1, 1];
  const [tx, ty, tz] = node.translation || [0, 0, 0];
  return new Float32Array([
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ]);
}

function perspective(fov, aspect, near, far) {
  const f = 1 / Math.tan(fov / 2);
  return new Float32Array([f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, 2 * far * near / (near - far), 0]);
}

// ---------------------------------------------------------------- reading the GLB

function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function parseGlb(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 20 || view.getUint32(0, true) !== 0x46546c67) fail("The embedded model is not a GLB file.");
  const size = view.getUint32(12, true);
  const tree = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + size)));
  return { tree, blob: bytes.subarray(20 + size + 8) };
}

const COMPONENTS = {
  5120: [Int8Array, 127], 5121: [Uint8Array, 255], 5122: [Int16Array, 32767], 5123: [Uint16Array, 65535],
  5125: [Uint32Array, 1], 5126: [Float32Array, 1],
};
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

// An accessor as tightly packed numbers; integers that are `normalized` become floats.
function readAccessor({ tree, blob }, index) {
  const accessor = tree.accessors[index];
  if (accessor.sparse) fail("This model uses sparse accessors, which the viewer does not read.");
  const [Type, unit] = COMPONENTS[accessor.componentType];
  const width = WIDTHS[accessor.type];
  const step = Type.BYTES_PER_ELEMENT;
  const view = tree.bufferViews[accessor.bufferView];
  const stride = view.byteStride || width * step;
  const start = (view.byteOffset || 0) + (accessor.byteOffset || 0);
  // the copy aligns the data, whatever the offset in the file
  const bytes = blob.slice(start, start + stride * (accessor.count - 1) + width * step);
  let values;
  if (stride === width * step) values = new Type(bytes.buffer, 0, accessor.count * width);
  else {
    values = new Type(accessor.count * width);
    const row = new Uint8Array(values.buffer);
    for (let i = 0; i < accessor.count; i++) row.set(bytes.subarray(i * stride, i * stride + width * step), i * width * step);
  }
  if (accessor.normalized) values = Float32Array.from(values, (v) => Math.max(v / unit, -1));
  return { values, width, count: accessor.count };
}

function smoothNormals(positions, indices) {
  const normals = new Float32Array(positions.length);
  for (let i = 0; i < indices.length; i += 3) {
    const [a, b, c] = [indices[i] * 3, indices[i + 1] * 3, indices[i + 2] * 3];
    const u = [0, 1, 2].map((k) => positions[b + k] - positions[a + k]);
    const v = [0, 1, 2].map((k) => positions[c + k] - positions[a + k]);
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) normals[corner + k] += n[k];
  }
  return normals; // the shader normalises
}

// ---------------------------------------------------------------- WebGL

const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
if (!gl) fail("This browser has no WebGL 2, which the viewer needs.");

function compile(vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, "#version 300 es\nprecision highp float;\n" + source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) fail("Shader: " + gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  ["position", "normal", "colour", "uv"].forEach((name, slot) => gl.bindAttribLocation(program, slot, name));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) fail("Shader: " + gl.getProgramInfoLog(program));
  const uniforms = {};
  for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
    const { name } = gl.getActiveUniform(program, i);
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

const surface = compile(`
  in vec3 position; in vec3 normal; in vec4 colour; in vec2 uv;
  uniform mat4 model, view, projection;
  out vec3 vNormal; out vec4 vColour; out vec2 vUv; out vec3 vEye;
  void main() {
    vec4 eye = view * model * vec4(position, 1.0);
    vNormal = mat3(view) * (transpose(inverse(mat3(model))) * normal);
    vColour = colour; vUv = uv; vEye = eye.xyz;
    gl_Position = projection * eye;
  }`, `
  in vec3 vNormal; in vec4 vColour; in vec2 vUv; in vec3 vEye;
  uniform sampler2D picture; uniform vec4 factor; uniform float cutoff; uniform int mode; uniform bool hasPicture;
  out vec4 pixel;
  vec3 encode(vec3 c) {
    c = clamp(c, 0.0, 1.0);
    return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
  }
  void main() {
    vec4 albedo = vColour * factor;
    if (hasPicture) albedo *= texture(picture, vUv);
    if (albedo.a < cutoff) discard;
    vec3 n = normalize(vNormal);
    if (!gl_FrontFacing) n = -n;
    if (mode == 3) { pixel = vec4(n * 0.5 + 0.5, 1.0); return; }
    if (mode == 1) { pixel = vec4(encode(albedo.rgb), 1.0); return; }
    float strength = mode == 2 ? 1.0 : 0.5;
    vec3 base = mode == 2 ? vec3(0.55, 0.53, 0.51) : albedo.rgb;
    float key = max((dot(n, normalize(vec3(-0.42, 0.55, 0.72))) + 0.3) / 1.3, 0.0);
    float rim = pow(clamp(1.0 - dot(n, normalize(-vEye)), 0.0, 1.0), 3.0);
    float light = 0.22 + 0.80 * key + 0.22 * (0.5 + 0.5 * n.y) + 0.12 * rim;
    pixel = vec4(encode(base * (1.0 + strength * (light - 1.0))), 1.0);
  }`);

const line = compile(`
  in vec3 position; uniform mat4 model, view, projection;
  void main() { gl_Position = projection * view * model * vec4(position, 1.0); }`, `
  uniform vec4 ink; out vec4 pixel;
  void main() { pixel = ink; }`);

const backdrop = compile(`
  out vec2 place;
  void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
    gl_Position = vec4(place, 0.9999, 1.0);
  }`, `
  in vec2 place; uniform vec3 top, bottom; out vec4 pixel;
  void main() { pixel = vec4(mix(bottom, top, clamp(place.y * 0.5 + 0.5, 0.0, 1.0)), 1.0); }`);

const floor_ = compile(`
  in vec3 position; uniform mat4 view, projection; uniform vec3 centre; uniform float radius; out vec2 place;
  void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    gl_Position = projection * view * vec4(centre + radius * vec3(place.x, 0.0, place.y), 1.0);
  }`, `
  in vec2 place; uniform float depth; out vec4 pixel;
  void main() { float d = dot(place, place); pixel = vec4(0.0, 0.0, 0.0, depth * (exp(-5.0 * d) - exp(-5.0)) * step(d, 1.0)); }`);

async function uploadTexture(glb, index) {
  const info = glb.tree.textures[index];
  const image = glb.tree.images[info.source];
  if (image.bufferView === undefined) fail("A texture of this model is not inside the file.");
  const view = glb.tree.bufferViews[image.bufferView];
  const start = view.byteOffset || 0;
  const blob = new Blob([glb.blob.slice(start, start + view.byteLength)], { type: image.mimeType });
  const picture = new Image();
  await new Promise((done, refuse) => {
    picture.onload = done;
    picture.onerror = () => refuse(new Error(`its texture (${image.mimeType}) cannot be decoded`));
    picture.src = URL.createObjectURL(blob);
  });
  URL.revokeObjectURL(picture.src);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  gl.generateMipmap(gl.TEXTURE_2D);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  const sampler = (glb.tree.samplers || [])[info.sampler] || {};
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, sampler.wrapS || gl.REPEAT);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, sampler.wrapT || gl.REPEAT);
  return texture;
}

function attribute(slot, { values, width }) {
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, values instanceof Float32Array ? values : Float32Array.from(values), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(slot);
  gl.vertexAttribPointer(slot, width, gl.FLOAT, false, 0, 0);
}

async function load(glb) {
  const { tree } = glb;
  const textures = await Promise.all((tree.textures || []).map((_, index) => uploadTexture(glb, index)));
  const parts = [];
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  let triangles = 0, vertices = 0;

  function addPrimitive(primitive, model) {
    if ((primitive.mode ?? 4) !== 4) return; // points and lines carry no surface
    const positions = readAccessor(glb, primitive.attributes.POSITION);
    const indices = primitive.indices === undefined
      ? Uint32Array.from({ length: positions.count }, (_, i) => i)
      : Uint32Array.from(readAccessor(glb, primitive.indices).values);
    const points = positions.values;
    for (let i = 0; i < points.length; i += 3)
      for (let k = 0; k < 3; k++) {
        const v = model[k] * points[i] + model[4 + k] * points[i + 1] + model[8 + k] * points[i + 2] + model[12 + k];
        if (v < low[k]) low[k] = v;
        if (v > high[k]) high[k] = v;
      }
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    attribute(0, positions);
    const { NORMAL, COLOR_0, TEXCOORD_0 } = primitive.attributes;
    attribute(1, NORMAL === undefined ? { values: smoothNormals(points, indices), width: 3 } : readAccessor(glb, NORMAL));
    if (COLOR_0 !== undefined) attribute(2, readAccessor(glb, COLOR_0));
    if (TEXCOORD_0 !== undefined) attribute(3, readAccessor(glb, TEXCOORD_0));
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    const material = (tree.materials || [])[primitive.material] || {};
    const pbr = material.pbrMetallicRoughness || {};
    parts.push({
      array, buffer, indices, model, count: indices.length, edges: null,
      texture: pbr.baseColorTexture ? textures[pbr.baseColorTexture.index] : null,
      factor: pbr.baseColorFactor || [1, 1, 1, 1],
      // blended surfaces are cut at one half: there is no sorting here
      cutoff: !material.alphaMode || material.alphaMode === "OPAQUE" ? -1 : material.alphaCutoff ?? 0.5,
      twoSided: Boolean(material.doubleSided),
    });
    triangles += indices.length / 3;
    vertices += positions.count;
  }

  function visit(index, parent) {
    const node = tree.nodes[index];
    const model = multiply(parent, nodeMatrix(node));
    if (node.mesh !== undefined) for (const primitive of tree.meshes[node.mesh].primitives) addPrimitive(primitive, model);
    for (const child of node.children || []) visit(child, model);
  }
  const scene = (tree.scenes || [])[tree.scene || 0];
  for (const index of scene ? scene.nodes || [] : (tree.nodes || []).map((_, i) => i)) visit(index, identity());
  if (!triangles) fail("This model has no triangles.");
  return { parts, low, high, triangles, vertices };
}

// Every triangle's three edges, built when the wireframe is first asked for.
function edgesOf(part) {
  const edges = new Uint32Array(part.count * 2);
  for (let i = 0; i < part.count; i += 3) {
    const [a, b, c] = [part.indices[i], part.indices[i + 1], part.indices[i + 2]];
    edges.set([a, b, b, c, c, a], i * 2);
  }
  const buffer = gl.createBuffer();
  gl.bindVertexArray(part.array);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, edges, gl.STATIC_DRAW);
  return buffer;
}

// ---------------------------------------------------------------- the camera and drawing

const FOV = 0.5;
const state = { mode: 0, wire: false, spin: false, yaw: 0, pitch: 0.06, distance: 1, target: [0, 0, 0], queued: false };
let scene = null;

function reset() {
  const size = scene.low.map((v, k) => scene.high[k] - v);
  const across = Math.hypot(size[0], size[2]);
  const aspect = canvas.clientWidth / Math.max(1, canvas.clientHeight);
  const need = Math.max(size[1] * 1.4, across * 1.15 / aspect);
  // a little below the middle, so that the feet stand clear of the buttons
  Object.assign(state, { yaw: 0.35, pitch: 0.06, target: scene.low.map((v, k) => v + size[k] * (k === 1 ? 0.44 : 0.5)) });
  state.distance = need / (2 * Math.tan(FOV / 2)) + across / 2;
  state.first = state.distance;
  redraw();
}

function cameraMatrix() {
  const [cy, sy, cp, sp] = [Math.cos(state.yaw), Math.sin(state.yaw), Math.cos(state.pitch), Math.sin(state.pitch)];
  // rows: right, up, toward the eye
  const right = [cy, 0, -sy], up = [-sy * sp, cp, -cy * sp], back = [sy * cp, sp, cy * cp];
  const t = state.target;
  const dot = (a) => a[0] * t[0] + a[1] * t[1] + a[2] * t[2];
  return {
    right, up,
    matrix: new Float32Array([
      right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
      -dot(right), -dot(up), -dot(back) - state.distance, 1,
    ]),
  };
}

function redraw() {
  if (state.queued || !scene) return;
  state.queued = true;
  requestAnimationFrame(draw);
}

function draw() {
  state.queued = false;
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  if (state.spin) state.yaw -= 0.008;
  const dark = root.dataset.theme === "dark";
  const view = cameraMatrix().matrix;
  const size = Math.hypot(...scene.low.map((v, k) => scene.high[k] - v));
  const projection = perspective(FOV, width / height, Math.max(state.distance - size * 2, state.distance / 500, size / 1000), state.distance + size * 2);
  gl.viewport(0, 0, width, height);
  gl.depthMask(true);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  gl.bindVertexArray(null);

  gl.disable(gl.DEPTH_TEST);
  gl.disable(gl.CULL_FACE);
  gl.useProgram(backdrop.program);
  gl.uniform3fv(backdrop.uniforms.top, dark ? [0.13, 0.145, 0.16] : [0.965, 0.968, 0.972]);
  gl.uniform3fv(backdrop.uniforms.bottom, dark ? [0.075, 0.083, 0.092] : [0.86, 0.868, 0.882]);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
  gl.enable(gl.DEPTH_TEST);

  const middle = [(scene.low[0] + scene.high[0]) / 2, scene.low[1], (scene.low[2] + scene.high[2]) / 2];
  gl.useProgram(floor_.program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
  gl.depthMask(false);
  gl.uniformMatrix4fv(floor_.uniforms.view, false, view);
  gl.uniformMatrix4fv(floor_.uniforms.projection, false, projection);
  gl.uniform3fv(floor_.uniforms.centre, middle);
  gl.uniform1f(floor_.uniforms.radius, 0.8 * Math.max(scene.high[0] - scene.low[0], scene.high[2] - scene.low[2]));
  gl.uniform1f(floor_.uniforms.depth, dark ? 0.55 : 0.3);
  gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  gl.disable(gl.BLEND);
  gl.depthMask(true);

  gl.useProgram(surface.program);
  gl.enable(gl.POLYGON_OFFSET_FILL);
  gl.polygonOffset(1, 1);
  for (const part of scene.parts) {
    const { uniforms } = surface;
    gl.uniformMatrix4fv(uniforms.model, false, part.model);
    gl.uniformMatrix4fv(uniforms.view, false, view);
    gl.uniformMatrix4fv(uniforms.projection, false, projection);
    gl.uniform4fv(uniforms.factor, part.factor);
    gl.uniform1f(uniforms.cutoff, part.cutoff);
    gl.uniform1i(uniforms.mode, state.mode);
    gl.uniform1i(uniforms.hasPicture, part.texture ? 1 : 0);
    if (part.texture) gl.bindTexture(gl.TEXTURE_2D, part.texture);
    gl.bindVertexArray(part.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.buffer);
    gl.vertexAttrib4f(2, 1, 1, 1, 1); // a mesh without vertex colours is white
    if (part.twoSided) gl.disable(gl.CULL_FACE); else gl.enable(gl.CULL_FACE);
    gl.drawElements(gl.TRIANGLES, part.count, gl.UNSIGNED_INT, 0);
  }
  gl.disable(gl.POLYGON_OFFSET_FILL);

  if (state.wire) {
    gl.useProgram(line.program);
    gl.enable(gl.BLEND);
    for (const part of scene.parts) {
      part.edges = part.edges || edgesOf(part);
      gl.uniformMatrix4fv(line.uniforms.model, false, part.model);
      gl.uniformMatrix4fv(line.uniforms.view, false, view);
      gl.uniformMatrix4fv(line.uniforms.projection, false, projection);
      gl.uniform4fv(line.uniforms.ink, dark ? [1, 1, 1, 0.35] : [0, 0, 0, 0.4]);
      gl.bindVertexArray(part.array);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.edges);
      gl.drawElements(gl.LINES, part.count * 2, gl.UNSIGNED_INT, 0);
    }
    gl.disable(gl.BLEND);
  }
  if (state.spin) redraw();
}

// ---------------------------------------------------------------- hands on

function orbit(dx, dy) {
  state.yaw -= dx * 0.008;
  state.pitch = Math.min(1.55, Math.max(-1.55, state.pitch + dy * 0.008));
  redraw();
}

function move(dx, dy) {
  const { right, up } = cameraMatrix();
  const step = 2 * state.distance * Math.tan(FOV / 2) / canvas.clientHeight;
  for (let k = 0; k < 3; k++) state.target[k] += step * (-dx * right[k] + dy * up[k]);
  redraw();
}

function zoom(factor) {
  state.distance = Math.min(state.first * 6, Math.max(state.first * 0.03, state.distance * factor));
  redraw();
}

const fingers = new Map();
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const [dx, dy] = [event.clientX - last[0], event.clientY - last[1]];
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const before = Math.hypot(last[0] - other[0], last[1] - other[1]);
    const after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
    if (before > 0 && after > 0) zoom(before / after);
    move(dx / 2, dy / 2);
  } else if (event.buttons & 2 || event.shiftKey) move(dx, dy);
  else orbit(dx, dy);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * (event.deltaMode ? 0.03 : 0.0012)))));
}, { passive: false });
canvas.addEventListener("dblclick", () => reset());

const modeButtons = [...document.querySelectorAll("[data-mode]")];
function setMode(mode) {
  state.mode = mode;
  for (const button of modeButtons) button.setAttribute("aria-pressed", String(Number(button.dataset.mode) === mode));
  redraw();
}
function toggle(name) {
  state[name] = !state[name];
  document.getElementById(name).setAttribute("aria-pressed", String(state[name]));
  redraw();
}
function toggleTheme() {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  redraw();
}
for (const button of modeButtons) button.addEventListener("click", () => setMode(Number(button.dataset.mode)));
document.getElementById("wire").addEventListener("click", () => toggle("wire"));
document.getElementById("spin").addEventListener("click", () => toggle("spin"));
document.getElementById("theme").addEventListener("click", toggleTheme);
document.getElementById("reset").addEventListener("click", reset);

const KEYS = {
  ArrowLeft: () => orbit(-20, 0), ArrowRight: () => orbit(20, 0), ArrowUp: () => orbit(0, -20), ArrowDown: () => orbit(0, 20),
  "+": () => zoom(0.9), "=": () => zoom(0.9), "-": () => zoom(1 / 0.9),
  c: () => setMode(0), u: () => setMode(1), s: () => setMode(2), n: () => setMode(3),
  w: () => toggle("wire"), t: () => toggle("spin"), b: toggleTheme, r: reset, 0: reset,
};
window.addEventListener("keydown", (event) => {
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
window.addEventListener("resize", redraw);

// The address may ask for a view: viewer.html#mode=3&wire&dark&yaw=180
function fromAddress() {
  const wish = new URLSearchParams(location.hash.slice(1));
  if (wish.has("mode")) setMode(Number(wish.get("mode")));
  if (wish.has("wire")) toggle("wire");
  if (wish.has("yaw")) state.yaw = -Number(wish.get("yaw")) * Math.PI / 180;
  if (wish.has("dark")) root.dataset.theme = "dark";
  if (wish.has("light")) root.dataset.theme = "light";
}

async function start() {
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const holder = document.getElementById("model");
  const glb = parseGlb(decodeBase64(holder.textContent.trim()));
  holder.remove();
  scene = await load(glb);
  reset();
  fromAddress();
  const from = glb.tree.asset.copyright;
  const height = (scene.high[1] - scene.low[1]).toFixed(2);
  document.getElementById("facts").textContent =
    `${scene.triangles.toLocaleString("en")} triangles, ${height} m high` + (from ? "\n" + from : "");
  root.dataset.triangles = String(scene.triangles);
  draw();
  root.dataset.state = "ready";
}
start().catch((error) => { if (root.dataset.state !== "error") fail("The model cannot be shown: " + error.message); });
