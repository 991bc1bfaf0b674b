// ---------------------------------------------------------------- the camera and drawing

const FOV = 0.5;
const state = { mode: 0, wire: false, spin: false, clip: -1, playing: false, second: 0, yaw: 0, pitch: 0.06, distance: 1, target: [0, 0, 0], queued: false };
let scene = null;

function perspective(fov, aspect, near, far) {
  const f = 1 / Math.tan(fov / 2);
  return new Float32Array([f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, 2 * far * near / (near - far), 0]);
}

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

function draw(now = performance.now()) {
  state.queued = false;
  advance(now);
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
    setPlacing(uniforms, part);
    gl.uniformMatrix4fv(uniforms.view, false, view);
    gl.uniformMatrix4fv(uniforms.projection, false, projection);
    gl.uniform4fv(uniforms.factor, part.factor);
    gl.uniform1f(uniforms.cutoff, part.cutoff);
    gl.uniform1i(uniforms.mode, state.mode);
    gl.uniform1i(uniforms.hasPicture, part.texture ? 1 : 0);
    if (part.texture) gl.bindTexture(gl.TEXTURE_2D, part.texture);
    gl.uniform1i(uniforms.hasFolds, part.folds ? 1 : 0);
    gl.uniform1i(uniforms.folds, 2); // a unit of its own, also where there is none: samplers of one kind may share
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, part.folds);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindVertexArray(part.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.buffer);
    gl.vertexAttrib4f(2, 1, 1, 1, 1); // a mesh without vertex colours is white
    gl.frontFace(part.mirrored ? gl.CW : gl.CCW);
    if (part.twoSided) gl.disable(gl.CULL_FACE); else gl.enable(gl.CULL_FACE);
    gl.drawElements(gl.TRIANGLES, part.count, gl.UNSIGNED_INT, 0);
  }
  gl.frontFace(gl.CCW);
  gl.disable(gl.POLYGON_OFFSET_FILL);

  if (state.wire) {
    gl.useProgram(line.program);
    gl.enable(gl.BLEND);
    for (const part of scene.parts) {
      part.edges = part.edges || edgesOf(part);
      setPlacing(line.uniforms, part);
      gl.uniformMatrix4fv(line.uniforms.view, false, view);
      gl.uniformMatrix4fv(line.uniforms.projection, false, projection);
      gl.uniform4fv(line.uniforms.ink, dark ? [1, 1, 1, 0.35] : [0, 0, 0, 0.4]);
      gl.bindVertexArray(part.array);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.edges);
      gl.drawElements(gl.LINES, part.count * 2, gl.UNSIGNED_INT, 0);
    }
    gl.disable(gl.BLEND);
  }
  if (state.spin || state.playing) redraw();
}

// ---------------------------------------------------------------- clips

const clipMenu = document.getElementById("clip"), playButton = document.getElementById("play");

function offerClips() {
  scene.clips.forEach(({ name }, i) => clipMenu.add(new Option(name, String(i))));
  document.getElementById("motion").hidden = scene.clips.length === 0;
}

// Show a clip at a time, or the model as it stands (-1).
function showClip(clip, second = 0) {
  Object.assign(state, { clip, second, drawn: null });
  clipMenu.value = String(clip);
  place(scene, posedPlaces(scene.tree, scene.clips[clip], second));
  redraw();
}

function play(playing) {
  if (playing && state.clip < 0) showClip(0);
  Object.assign(state, { playing, drawn: null });
  playButton.textContent = playing ? "Pause" : "Play";
  playButton.setAttribute("aria-pressed", String(playing));
  redraw();
}

// Move on by the time since the last frame was drawn.
function advance(now) {
  if (!state.playing) return;
  const { seconds } = scene.clips[state.clip];
  const second = state.second + (state.drawn === null ? 0 : (now - state.drawn) / 1000);
  state.drawn = now;
  state.second = seconds > 0 ? second % seconds : 0;
  place(scene, posedPlaces(scene.tree, scene.clips[state.clip], state.second));
}

clipMenu.addEventListener("change", () => {
  showClip(Number(clipMenu.value));
  play(state.clip >= 0);
});
playButton.addEventListener("click", () => play(!state.playing));

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
  p: () => { if (scene?.clips.length) play(!state.playing); },
};
window.addEventListener("keydown", (event) => {
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
window.addEventListener("resize", redraw);

// The address may ask for a view: viewer.html#mode=3&wire&dark&yaw=180&clip=walk&time=0.4 (without a time it plays)
function fromAddress() {
  const wish = new URLSearchParams(location.hash.slice(1));
  if (wish.has("mode")) setMode(Number(wish.get("mode")));
  if (wish.has("wire")) toggle("wire");
  if (wish.has("yaw")) state.yaw = -Number(wish.get("yaw")) * Math.PI / 180;
  const clip = scene.clips.findIndex(({ name }) => name === wish.get("clip"));
  if (clip >= 0) showClip(clip, Number(wish.get("time") || 0));
  if (clip >= 0 && !wish.has("time")) play(true);
  if (wish.has("dark")) root.dataset.theme = "dark";
  if (wish.has("light")) root.dataset.theme = "light";
}

async function start() {
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const holder = document.getElementById("model");
  const glb = parseGlb(decodeBase64(holder.textContent.trim()));
  holder.remove();
  scene = await load(glb);
  offerClips();
  reset();
  fromAddress();
  const from = glb.tree.asset?.copyright;
  const metre = Number(root.dataset.metre); // of one unit of the model; 0: not known
  const height = ((scene.high[1] - scene.low[1]) * (metre || 1)).toFixed(2);
  document.getElementById("facts").textContent =
    `${scene.triangles.toLocaleString("en")} triangles, ${height} ${metre ? "m" : "units"} high` + (from ? "\n" + from : "");
  root.dataset.triangles = String(scene.triangles);
  draw();
  root.dataset.state = "ready";
}
start().catch((error) => { if (root.dataset.state !== "error") fail("The model cannot be shown: " + error.message); });
