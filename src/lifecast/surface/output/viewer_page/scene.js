// ---------------------------------------------------------------- WebGL: shaders, textures and the parts of the scene

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
  ["position", "normal", "colour", "uv", "joints", "weights", "tangent"].forEach((name, slot) => gl.bindAttribLocation(program, slot, name));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) fail("Shader: " + gl.getProgramInfoLog(program));
  const uniforms = {};
  for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
    const { name } = gl.getActiveUniform(program, i);
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

// Where a vertex goes: with its part, or with the joints that move it, four columns a row of the texture.
const PLACING = `
  in vec4 joints, weights; uniform mat4 model; uniform bool skinned; uniform highp sampler2D jointPlaces;
  mat4 jointPlace(float joint) {
    int row = int(joint + 0.5);
    return mat4(texelFetch(jointPlaces, ivec2(0, row), 0), texelFetch(jointPlaces, ivec2(1, row), 0),
      texelFetch(jointPlaces, ivec2(2, row), 0), texelFetch(jointPlaces, ivec2(3, row), 0));
  }
  mat4 placing() {
    if (!skinned) return model;
    return weights.x * jointPlace(joints.x) + weights.y * jointPlace(joints.y)
      + weights.z * jointPlace(joints.z) + weights.w * jointPlace(joints.w);
  }`;

const surface = compile(PLACING + `
  in vec3 position; in vec3 normal; in vec4 colour; in vec2 uv; in vec4 tangent;
  uniform mat4 view, projection;
  out vec3 vNormal; out vec4 vTangent; out vec4 vColour; out vec2 vUv; out vec3 vEye;
  void main() {
    mat4 place = placing();
    vec4 eye = view * place * vec4(position, 1.0);
    vNormal = mat3(view) * (transpose(inverse(mat3(place))) * normal);
    vTangent = vec4(mat3(view) * (mat3(place) * tangent.xyz), tangent.w);
    vColour = colour; vUv = uv; vEye = eye.xyz;
    gl_Position = projection * eye;
  }`, `
  in vec3 vNormal; in vec4 vTangent; in vec4 vColour; in vec2 vUv; in vec3 vEye;
  uniform sampler2D picture, folds; uniform vec4 factor; uniform float cutoff; uniform int mode;
  uniform bool hasPicture, hasFolds;
  out vec4 pixel;
  // The normal that a normal texture has in the frame of the surface.
  vec3 folded(vec3 n) {
    vec3 texel = texture(folds, vUv).xyz * 2.0 - 1.0;
    vec3 tangent = vTangent.xyz - dot(vTangent.xyz, n) * n;
    float size = length(tangent);
    if (size == 0.0) return n;
    tangent /= size;
    return normalize(tangent * texel.x + sign(vTangent.w) * cross(n, tangent) * texel.y + n * texel.z);
  }
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
    if (hasFolds) n = folded(n);
    if (mode == 3) { pixel = vec4(n * 0.5 + 0.5, 1.0); return; }
    if (mode == 1) { pixel = vec4(encode(albedo.rgb), 1.0); return; }
    float strength = mode == 2 ? 1.0 : 0.5;
    vec3 base = mode == 2 ? vec3(0.55, 0.53, 0.51) : albedo.rgb;
    float key = max((dot(n, normalize(vec3(-0.42, 0.55, 0.72))) + 0.3) / 1.3, 0.0);
    float rim = pow(clamp(1.0 - dot(n, normalize(-vEye)), 0.0, 1.0), 3.0);
    float light = 0.22 + 0.80 * key + 0.22 * (0.5 + 0.5 * n.y) + 0.12 * rim;
    pixel = vec4(encode(base * (1.0 + strength * (light - 1.0))), 1.0);
  }`);

const line = compile(PLACING + `
  in vec3 position; uniform mat4 view, projection;
  void main() { gl_Position = projection * view * placing() * vec4(position, 1.0); }`, `
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

async function decodePicture({ tree, blob }, index) {
  const image = tree.images[index];
  if (image.bufferView === undefined) throw new Error("is not inside the file");
  const view = tree.bufferViews[image.bufferView];
  const start = view.byteOffset || 0;
  const picture = new Image();
  await new Promise((done, refuse) => {
    picture.onload = done;
    picture.onerror = () => refuse(new Error(`(${image.mimeType}) cannot be decoded`));
    picture.src = URL.createObjectURL(new Blob([blob.slice(start, start + view.byteLength)], { type: image.mimeType }));
  });
  URL.revokeObjectURL(picture.src);
  return picture;
}

// The first of a texture's pictures that this browser can decode, on the graphics card.
async function uploadTexture(glb, index, format = gl.SRGB8_ALPHA8) {
  let picture = null, reason = "has no picture that browsers show";
  for (const source of picturesOf(glb.tree, index)) {
    try { picture = await decodePicture(glb, source); break; } catch (error) { reason = error.message; }
  }
  if (!picture) fail(`A texture of this model ${reason}.`);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.texImage2D(gl.TEXTURE_2D, 0, format, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  gl.generateMipmap(gl.TEXTURE_2D);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  const sampler = (glb.tree.samplers || [])[glb.tree.textures[index].sampler] || {};
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

// The middle of a primitive's own coordinates, from which they are uploaded: far from 0 single precision is coarse.
function middleOf(points) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  points.forEach((v, i) => { low[i % 3] = Math.min(low[i % 3], v); high[i % 3] = Math.max(high[i % 3], v); });
  return low.map((v, k) => (v + high[k]) / 2);
}

async function load(glb) {
  const { tree } = glb;
  const uploads = new Map();
  const parts = [];
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  let triangles = 0, vertices = 0;

  const places = nodePlaces(tree);

  async function addPrimitive(primitive, node) {
    if (![4, 5].includes(primitive.mode ?? 4)) return; // points and lines carry no surface
    const positions = readAccessor(glb, primitive.attributes.POSITION);
    const indices = triangleCorners(glb, primitive, positions.count);
    const points = positions.values;
    const skin = tree.nodes[node].skin === undefined || primitive.attributes.JOINTS_0 === undefined ? null : readSkin(glb, tree.nodes[node].skin);
    const influences = skin ? readInfluences(glb, primitive.attributes, skin, points, places) : null;
    const model = skin ? identity() : places.get(node);
    const shown = skin ? influences.moved : points; // a skin's node does not move its mesh: the joints do
    for (let i = 0; i < shown.length; i += 3) {
      const place = placed(model, shown.subarray(i, i + 3));
      for (let k = 0; k < 3; k++) {
        if (place[k] < low[k]) low[k] = place[k];
        if (place[k] > high[k]) high[k] = place[k];
      }
    }
    const material = (tree.materials || [])[primitive.material] || {};
    const { factor, info } = baseColour(material);
    if (info && !uploads.has(info.index)) uploads.set(info.index, uploadTexture(glb, info.index));
    const texture = info ? await uploads.get(info.index) : null;
    // A normal texture of the colours' own coordinates, with tangents; others are left out.
    const bumps = primitive.attributes.TANGENT === undefined ? undefined : material.normalTexture;
    const sameUv = bumps && info && (bumps.texCoord || 0) === (info.texCoord || 0) && !bumps.extensions && !info.extensions;
    if (sameUv && !uploads.has(bumps.index)) uploads.set(bumps.index, uploadTexture(glb, bumps.index, gl.RGBA8));
    const folds = sameUv ? await uploads.get(bumps.index) : null;
    const middle = middleOf(points);
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    attribute(0, { values: Float32Array.from(points, (v, i) => v - middle[i % 3]), width: 3 });
    const { NORMAL, COLOR_0 } = primitive.attributes;
    attribute(1, NORMAL === undefined ? { values: smoothNormals(points, indices), width: 3 } : readAccessor(glb, NORMAL));
    if (COLOR_0 !== undefined) attribute(2, vertexColours(glb, COLOR_0));
    if (info) attribute(3, textureCoordinates(glb, primitive, info));
    if (folds) attribute(6, readAccessor(glb, primitive.attributes.TANGENT));
    if (skin) { attribute(4, influences.joints); attribute(5, influences.weights); }
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    parts.push({
      array, buffer, indices, node, middle, skin, count: indices.length, edges: null, texture, folds, factor,
      jointPlaces: skin ? jointTexture() : null,
      // blended surfaces are cut at one half: there is no sorting here
      cutoff: !material.alphaMode || material.alphaMode === "OPAQUE" ? -1 : material.alphaCutoff ?? 0.5,
      twoSided: Boolean(material.doubleSided),
    });
    triangles += indices.length / 3;
    vertices += positions.count;
  }

  for (const node of places.keys())
    if (tree.nodes[node].mesh !== undefined)
      for (const primitive of tree.meshes[tree.nodes[node].mesh].primitives) await addPrimitive(primitive, node);
  if (!triangles) fail("This model has no triangles.");
  // what is drawn lies around 0, wherever the model does
  const centre = low.map((v, k) => (v + high[k]) / 2);
  const around = (corner) => corner.map((v, k) => v - centre[k]);
  const loaded = { tree, clips: readClips(glb), parts, centre, low: around(low), high: around(high), triangles, vertices };
  place(loaded, places);
  return loaded;
}

// Move the parts to where a pose has their nodes and joints.
function place({ parts, centre }, places) {
  for (const part of parts) {
    const model = Float64Array.from(part.skin ? identity() : places.get(part.node));
    part.mirrored = isMirrored(model);
    const start = placed(model, part.middle);
    for (let k = 0; k < 3; k++) model[12 + k] = start[k] - centre[k];
    part.model = Float32Array.from(model);
    if (!part.skin) continue;
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, part.jointPlaces);
    const rows = jointMatrices(part.skin, places, part.middle, centre);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, 4, part.skin.length, 0, gl.RGBA, gl.FLOAT, rows);
    gl.activeTexture(gl.TEXTURE0);
  }
}

function jointTexture() {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE1);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  gl.activeTexture(gl.TEXTURE0);
  return texture;
}

// What the shaders' PLACING reads.
function setPlacing(uniforms, part) {
  gl.uniformMatrix4fv(uniforms.model, false, part.model);
  gl.uniform1i(uniforms.skinned, part.skin ? 1 : 0);
  gl.uniform1i(uniforms.jointPlaces, 1);
  gl.activeTexture(gl.TEXTURE1);
  gl.bindTexture(gl.TEXTURE_2D, part.jointPlaces);
  gl.activeTexture(gl.TEXTURE0);
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
