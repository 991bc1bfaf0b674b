"use strict";
// A viewer for one embedded GLB: WebGL 2, no libraries, nothing loaded from anywhere. This part reads the GLB.

const root = document.documentElement;
const canvas = document.getElementById("view");

function fail(text) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.hidden = false;
  root.dataset.state = "error";
  throw new Error(text);
}

// ---------------------------------------------------------------- matrices, column-major, in double precision

function multiply(a, b) {
  const out = new Float64Array(16);
  for (let c = 0; c < 4; c++)
    for (let r = 0; r < 4; r++)
      for (let k = 0; k < 4; k++) out[c * 4 + r] += a[k * 4 + r] * b[c * 4 + k];
  return out;
}

function identity() {
  return new Float64Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
}

function nodeMatrix(node) {
  if (node.matrix) return new Float64Array(node.matrix);
  const [x, y, z, w] = node.rotation || [0, 0, 0, 1];
  const [sx, sy, sz] = node.scale || [1, 1, 1];
  const [tx, ty, tz] = node.translation || [0, 0, 0];
  return new Float64Array([
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ]);
}

// A matrix with a mirror in it turns front faces into back faces.
function isMirrored(m) {
  return m[0] * (m[5] * m[10] - m[6] * m[9]) - m[4] * (m[1] * m[10] - m[2] * m[9]) + m[8] * (m[1] * m[6] - m[2] * m[5]) < 0;
}

function placed(m, [x, y, z]) {
  return [0, 1, 2].map((k) => m[k] * x + m[4 + k] * y + m[8 + k] * z + m[12 + k]);
}

// ---------------------------------------------------------------- buffers

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
  5125: [Uint32Array, 4294967295], 5126: [Float32Array, 1],
};
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

// `count` elements of a buffer view as tightly packed numbers.
function readElements({ tree, blob }, { bufferView, byteOffset = 0 }, count, width, Type) {
  const step = Type.BYTES_PER_ELEMENT;
  const view = tree.bufferViews[bufferView];
  const stride = view.byteStride || width * step;
  const start = (view.byteOffset || 0) + byteOffset;
  // the copy aligns the data, whatever the offset in the file
  const bytes = blob.slice(start, start + stride * (count - 1) + width * step);
  if (stride === width * step) return new Type(bytes.buffer, 0, count * width);
  const values = new Type(count * width);
  const row = new Uint8Array(values.buffer);
  for (let i = 0; i < count; i++) row.set(bytes.subarray(i * stride, i * stride + width * step), i * width * step);
  return values;
}

// An accessor's numbers; integers that are `normalized`, and those of colours, become floats.
function readAccessor(glb, index, isColour = false) {
  const accessor = glb.tree.accessors[index];
  const { count, sparse } = accessor;
  const [Type, unit] = COMPONENTS[accessor.componentType];
  const width = WIDTHS[accessor.type];
  let values = accessor.bufferView === undefined ? new Type(count * width) : readElements(glb, accessor, count, width, Type);
  if (sparse) {
    const [IndexType] = COMPONENTS[sparse.indices.componentType];
    const places = readElements(glb, sparse.indices, sparse.count, 1, IndexType);
    const changed = readElements(glb, sparse.values, sparse.count, width, Type);
    places.forEach((place, i) => values.set(changed.subarray(i * width, (i + 1) * width), place * width));
  }
  if (accessor.normalized || (isColour && Type !== Float32Array)) values = Float32Array.from(values, (v) => Math.max(v / unit, -1));
  return { values, width, count };
}

// The corners of a primitive's triangles: listed, in their order, or along a strip.
function triangleCorners(glb, primitive, count) {
  const listed = primitive.indices === undefined
    ? Uint32Array.from({ length: count }, (_, i) => i)
    : Uint32Array.from(readAccessor(glb, primitive.indices).values);
  if ((primitive.mode ?? 4) === 4) return listed;
  const corners = [];
  for (let i = 0; i + 2 < listed.length; i++) {
    const [a, b, c] = i % 2 ? [listed[i + 1], listed[i], listed[i + 2]] : listed.subarray(i, i + 3);
    if (a !== b && b !== c && c !== a) corners.push(a, b, c);
  }
  return Uint32Array.from(corners);
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

// ---------------------------------------------------------------- colours

// Vertex colours are linear; only trimesh writes them in sRGB.
function vertexColours(glb, index) {
  const colours = readAccessor(glb, index, true);
  if (!String(glb.tree.asset?.generator).endsWith("mikedh/trimesh")) return colours;
  const linear = (c, i) => (colours.width === 4 && i % 4 === 3 ? c : c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return { ...colours, values: Float32Array.from(colours.values, linear) };
}

// The factor and the texture that hold a material's diffuse colour.
function baseColour(material) {
  const glossy = material.extensions?.KHR_materials_pbrSpecularGlossiness;
  if (glossy) return { factor: glossy.diffuseFactor ?? [1, 1, 1, 1], info: glossy.diffuseTexture };
  const rough = material.pbrMetallicRoughness || {};
  const factor = rough.baseColorFactor ?? [1, 1, 1, 1];
  const glow = material.emissiveFactor ?? [0, 0, 0];
  // scans whose light is in their texture are exported as black things that glow
  if (material.emissiveTexture && Math.max(...factor.slice(0, 3)) <= 0 && Math.max(...glow) > 0)
    return { factor: [...glow, factor[3]], info: material.emissiveTexture };
  return { factor, info: rough.baseColorTexture };
}

// A texture's coordinates of a primitive, moved by KHR_texture_transform.
function textureCoordinates(glb, primitive, info) {
  const { texCoord, offset = [0, 0], rotation = 0, scale = [1, 1] } = info.extensions?.KHR_texture_transform || {};
  const name = `TEXCOORD_${texCoord ?? info.texCoord ?? 0}`;
  const accessor = primitive.attributes[name];
  if (accessor === undefined) fail(`A part of this model lacks the coordinates of its texture (${name}).`);
  const { values, count } = readAccessor(glb, accessor);
  const [c, s] = [Math.cos(rotation), Math.sin(rotation)];
  const moved = new Float32Array(count * 2);
  for (let i = 0; i < moved.length; i += 2) {
    const [u, v] = [values[i] * scale[0], values[i + 1] * scale[1]];
    moved[i] = c * u + s * v + offset[0];
    moved[i + 1] = c * v - s * u + offset[1];
  }
  return { values: moved, width: 2, count };
}

// The indices of a texture's pictures, the one to try first in front.
function picturesOf(tree, index) {
  const { source, extensions = {} } = tree.textures[index];
  const sources = ["EXT_texture_avif", "EXT_texture_webp"].map((name) => extensions[name]?.source);
  return [...sources, source].filter((found) => found !== undefined);
}
