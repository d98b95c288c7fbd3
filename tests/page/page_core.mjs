// Runs the page's modules for tests/page/test_page_core.py: a list of calls as JSON on stdin, their
// results as a list on stdout. The modules are given to Node as text, with those that they import,
// because the .js files of a page have no package.json beside them that would say that they are
// modules. None of them may need a document: here is none.

import { readFileSync } from "node:fs";

const urlOf = (name) => {
  const text = readFileSync(new URL(`../../stages/page/web/${name}.js`, import.meta.url), "utf8");
  const whole = text.replace(/ from "\.\/(\w+)\.js";/g, (_, other) => ` from "${urlOf(other)}";`);
  return `data:text/javascript;base64,${Buffer.from(whole).toString("base64")}`;
};
const { ascend, smoothed } = await import(urlOf("ascent"));
const backward = await import(urlOf("backward"));
const codec = await import(urlOf("codec"));
const codes = await import(urlOf("codes"));
const colour = await import(urlOf("colour"));
const { nearestOthers, principalPlane } = await import(urlOf("components"));
const { makeLearner, packExamples } = await import(urlOf("descent"));
const { diagnose, explain, unmovedNeurons } = await import(urlOf("diagnosis"));
const format = await import(urlOf("format"));
const magnitude = await import(urlOf("magnitude"));
const network = await import(urlOf("network"));
const { noveltyOf, unpackFamiliar } = await import(urlOf("novelty"));
const plane = await import(urlOf("plane"));
const { withPalette } = await import(urlOf("plates"));
const { hasAnotherMark, pictureOfColours, prepare } = await import(urlOf("prepare"));
const { inputsOf, straightened } = await import(urlOf("preprocess"));
const sensitivity = await import(urlOf("sensitivity"));
const { makeRandom } = await import(urlOf("random"));
const { imageOfStrokes, rasterize } = await import(urlOf("strokes"));
const training = await import(urlOf("training"));

const plain = (value) => {
  if (ArrayBuffer.isView(value)) return Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
};
const options = ({ off = [], shift = {} }) => ({
  off: new Set(off),
  shift: new Map(Object.entries(shift)),
});
const picture = ({ levels, ...shape }) => ({ ...shape, levels: codec.decodeBytes(levels) });

const tasks = {
  example({ description, input, target, changes = {} }) {
    const made = network.makeNetwork(description);
    const pass = network.forward(made, input, options(changes));
    const cost = network.costTerms(made, pass, target);
    return { cost, ...network.backprop(made, input, target, options(changes)) };
  },
  backward({ description, input, target, layer, index }) {
    const made = network.makeNetwork(description);
    const gradient = network.backprop(made, input, target);
    const [rows, columns] = [made.sizes[layer], made.sizes[layer - 1]];
    const part = (j, k) => backward.contribution(made, gradient, layer - 1, j, k);
    const line = (length, of) => Array.from({ length }, (_, place) => of(place));
    const negative = backward.negativeGradients(made, gradient);
    return {
      negative,
      negativeZeros: negative.flatMap((values) => [...values]).filter((one) => Object.is(one, -0)),
      contributions: line(rows, (j) => line(columns, (k) => part(j, k))),
      neuron: backward.neuronGradients(made, gradient, { layer, index }),
    };
  },
  stages({ last, places }) {
    const stages = backward.makeStages(last);
    const seen = () => [stages.shown, stages.reached, stages.ended];
    return [seen(), ...places.map((place) => [stages.goTo(place), ...seen()])];
  },
  batch({ description, inputs, targets }) {
    return network.batchGradient(network.makeNetwork(description), inputs, targets);
  },
  step({ description, inputs, targets, rate }) {
    const before = network.makeNetwork(description);
    const after = network.copyNetwork(before);
    const cost = network.step(after, inputs, targets, rate);
    return { cost, before, after };
  },
  accuracy({ description, inputs, labels }) {
    return network.accuracyOn(network.makeNetwork(description), inputs, labels);
  },
  guesses: ({ output }) => network.guesses(output),
  prepare: (given) => prepare(picture(given), given.rows, given.columns),
  anotherMark: (given) => hasAnotherMark(picture(given)),
  rasterize: ({ strokes, side, pen }) => rasterize(strokes, side, pen).levels,
  imageOfStrokes: ({ strokes }) => imageOfStrokes(strokes),
  colours: ({ levels, height, width }) =>
    pictureOfColours(codec.decodeBytes(levels), height, width).levels,
  inputs: ({ image, preprocessing }) => inputsOf(codec.decodeBytes(image), preprocessing),
  novelty: ({ familiar, images, preprocessing }) =>
    images.map((image) => {
      const straight = straightened(codec.decodeBytes(image), preprocessing);
      const { height, width } = preprocessing;
      return noveltyOf(unpackFamiliar(familiar), straight, height, width);
    }),
  nudged({ description, input, target, weight, by, slope }) {
    const made = network.makeNetwork(description);
    const gradient = network.backprop(made, input, target);
    return {
      ...sensitivity.nudged(made, input, target, {}, gradient, weight, by),
      most: sensitivity.mostSensitive(made, gradient),
      near: sensitivity.weightNear(made, gradient, slope),
    };
  },
  codes: ({ encode, decode, values, more = [] }) =>
    values.map((value) => [codes[encode](value), codes[decode](codes[encode](value), ...more)]),
  decoded: ({ decode, text, more = [] }) => codes[decode](text, ...more),
  withPalette: ({ source, colours }) => withPalette(source, colours),
  floats: ({ text }) => codec.decodeFloats(text),
  signed: ({ text }) => codec.decodeSigned(text),
  images: ({ text, length }) => codec.decodeImages(codec.decodeBytes(text), length),
  coarse: ({ text, length }) => codec.decodeCoarse(codec.decodeBytes(text), length),
  restore: ({ levels, scales, sizes }) =>
    codec.restoreParameters(
      codec.decodeSigned(levels),
      codec.decodeFloats(scales),
      network.parameterBlocks(sizes),
    ),
  formats: ({ name, values, more = [] }) => values.map((value) => format[name](value, ...more)),
  valueColours: ({ name, values }) => values.map((value) => colour[name](value)),
  cssColour: ({ value }) => colour.cssColour(value),
  descent({ description, inputs, labels, batches, rate }) {
    const learner = makeLearner(description);
    const examples = packExamples(inputs, labels);
    for (const places of batches) learner.step(examples, Uint32Array.from(places), rate);
    const outputs = inputs.map((_, e) => Array.from(learner.outputs(examples, e)));
    const costs = inputs.map((_, e) => {
      learner.outputs(examples, e);
      return learner.costOf(labels[e]);
    });
    return { parameters: learner.parameters(), outputs, costs };
  },
  ascend({ description, ink, preprocessing, label, rate, ...changes }) {
    const wish = { label, rate };
    const dreamer = network.makeNetwork(description);
    return ascend(dreamer, Float64Array.from(ink), preprocessing, wish, options(changes));
  },
  smoothed: ({ ink, height, width, share }) =>
    smoothed(Float64Array.from(ink), height, width, share),
  components({ points }) {
    const { axes, project, share } = principalPlane(points);
    const places = points.map(project);
    return { axes, places, share, nearest: nearestOthers(places) };
  },
  plane({ description, directions, inputs, labels, places }) {
    const axes = plane.orthonormal(...directions);
    const networks = axes.map((parameters) => network.makeNetwork({ ...description, parameters }));
    const examples = packExamples(inputs, labels);
    const at = plane.makePlane(network.makeNetwork(description), networks, examples);
    const costs = places.map((place) => at(place, true).cost);
    return { axes, costs, seen: places.map((place) => at(place)) };
  },
  contour: ({ values, grid, level }) => plane.contour(values, grid, level),
  between: ({ values, grid, places }) => places.map((place) => plane.between(values, grid, place)),
  random({ seed, count }) {
    const random = makeRandom(seed);
    const draw = (one) => Array.from({ length: count }, one);
    const [uniform, normal] = [draw(random.uniform), draw(random.normal)];
    return { uniform, normal, shuffled: random.shuffled(count) };
  },
  training({ levels, labels, preprocessing, own, setup, rate, batch, reports }) {
    const bytes = codec.decodeBytes(levels);
    const pixels = preprocessing.height * preprocessing.width;
    const examples = {
      training: training.examplesOf(bytes, labels.slice(0, own), preprocessing),
      tests: training.examplesOf(bytes.subarray(own * pixels), labels.slice(own), preprocessing),
    };
    const made = training.makeTraining(examples, setup);
    const first = made.parameters();
    const words = { images: "digits", count: setup.count, layers: setup.sizes.length - 1 };
    const seen = [0, ...reports].map((steps) => {
      let report = made.report();
      while (report.steps < steps) {
        for (let k = report.steps; k < steps; k++) made.take(rate, batch);
        report = made.report();
      }
      const unmoved = unmovedNeurons(report.own.spans);
      return { ...report, unmoved, text: explain(report.diagnosis, report, words) };
    });
    return { first, last: made.parameters(), reports: seen };
  },
  diagnose: ({ now, past }) => diagnose(now, past),
  largest: ({ values }) => magnitude.largestOf(values),
  strongest: ({ values, count }) => magnitude.strongest(values, count),
};

const answer = ({ task, ...given }) => {
  try {
    return plain(tasks[task](given));
  } catch (error) {
    return { error: error.message };
  }
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(answer)));
