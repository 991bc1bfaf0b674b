// ---------------------------------------------------------------- skeletons and clips: what moves a GLB's nodes

// Every node's matrix to the model's space; `moved` holds a clip's translations, rotations and scales by node.
function nodePlaces(tree, moved = new Map()) {
  const places = new Map();
  const visit = (index, parent) => {
    places.set(index, multiply(parent, nodeMatrix({ ...tree.nodes[index], ...moved.get(index) })));
    for (const child of tree.nodes[index].children || []) visit(child, places.get(index));
  };
  for (const index of sceneRoots(tree)) visit(index, identity());
  return places;
}

function sceneRoots(tree) {
  const scene = (tree.scenes || [])[tree.scene || 0];
  return scene ? scene.nodes || [] : (tree.nodes || []).map((_, i) => i);
}

// A skin's joints and inverse bind matrices.
function readSkin(glb, index) {
  const { joints, inverseBindMatrices } = glb.tree.skins[index];
  const bound = inverseBindMatrices === undefined ? null : readAccessor(glb, inverseBindMatrices).values;
  return joints.map((node, i) => ({ node, bound: bound ? Float64Array.from(bound.subarray(i * 16, i * 16 + 16)) : identity() }));
}

// What takes a skin's vertices, less `middle`, to the model's space less `centre`: 16 numbers a joint.
function jointMatrices(skin, places, middle, centre) {
  const out = new Float32Array(skin.length * 16);
  skin.forEach(({ node, bound }, i) => {
    const matrix = multiply(places.get(node) || identity(), bound);
    const start = placed(matrix, middle);
    for (let k = 0; k < 3; k++) matrix[12 + k] = start[k] - centre[k];
    out.set(matrix, i * 16);
  });
  return out;
}

// A primitive's joints and weights, and where the skin puts its points while `places` are as they are.
function readInfluences(glb, { JOINTS_0, WEIGHTS_0 }, skin, points, places) {
  const joints = readAccessor(glb, JOINTS_0), weights = readAccessor(glb, WEIGHTS_0);
  const matrices = skin.map(({ node, bound }) => multiply(places.get(node) || identity(), bound));
  const moved = new Float64Array(points.length);
  for (let i = 0; i < joints.count; i++)
    for (let j = i * 4; j < i * 4 + 4; j++)
      if (weights.values[j]) {
        const place = placed(matrices[joints.values[j]], points.subarray(i * 3, i * 3 + 3));
        for (let k = 0; k < 3; k++) moved[i * 3 + k] += weights.values[j] * place[k];
      }
  return { joints, weights, moved };
}

// ---------------------------------------------------------------- clips

// The animations of a GLB that move nodes: names, seconds, and tracks.
function readClips(glb) {
  return (glb.tree.animations || []).map(({ name, channels, samplers }, i) => {
    const read = new Map(); // tracks share their times
    const numbers = (index) => read.get(index) || read.set(index, readAccessor(glb, index)).get(index);
    const tracks = channels
      .filter(({ target }) => target.node !== undefined && ["translation", "rotation", "scale"].includes(target.path))
      .map(({ sampler, target }) => {
        const { input, output, interpolation = "LINEAR" } = samplers[sampler];
        const { values, width } = numbers(output);
        return { ...target, times: numbers(input).values, values, width, interpolation };
      });
    return { name: name || `Clip ${i + 1}`, tracks, seconds: Math.max(0, ...tracks.map(({ times }) => times[times.length - 1])) };
  }).filter(({ tracks }) => tracks.length);
}

// A track's value at a time. Cubic splines are followed in straight lines from frame to frame.
function valueAt({ times, values, width, path, interpolation }, second) {
  const cubic = interpolation === "CUBICSPLINE";
  const frame = (i) => Array.from(values.subarray(cubic ? (3 * i + 1) * width : i * width, cubic ? (3 * i + 2) * width : (i + 1) * width));
  let low = 0, high = times.length - 1;
  if (second <= times[0]) return frame(0);
  if (second >= times[high]) return frame(high);
  while (high - low > 1) {
    const half = (low + high) >> 1;
    if (times[half] <= second) low = half; else high = half;
  }
  const a = frame(low), b = frame(high);
  const share = interpolation === "STEP" ? 0 : (second - times[low]) / (times[high] - times[low]);
  return path === "rotation" ? slerp(a, b, share) : a.map((v, k) => v + share * (b[k] - v));
}

function slerp(a, b, share) {
  const cosine = a.reduce((sum, v, k) => sum + v * b[k], 0);
  const angle = Math.acos(Math.min(1, Math.abs(cosine)));
  const near = angle < 1e-4;
  const from = near ? 1 - share : Math.sin((1 - share) * angle) / Math.sin(angle);
  const to = (near ? share : Math.sin(share * angle) / Math.sin(angle)) * (cosine < 0 ? -1 : 1);
  const turned = a.map((v, k) => from * v + to * b[k]);
  const length = Math.hypot(...turned);
  return turned.map((v) => v / length);
}

function posedPlaces(tree, clip, second) {
  const moved = new Map();
  for (const track of clip ? clip.tracks : []) moved.set(track.node, { ...moved.get(track.node), [track.path]: valueAt(track, second) });
  return nodePlaces(tree, moved);
}
