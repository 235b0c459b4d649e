// sharp (libvips) in two ways; speaks the protocol of bench/measure.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, way, path, runs] = process.argv.slice(2);
const sharp = createRequire(resolve(modules) + "/")("sharp");
const widths = [1200, 800, 400, 200];
const jpeg = { quality: 85, chromaSubsampling: "4:2:0" };
sharp.cache(false);
sharp.concurrency(1);

// The usual way: a pipeline for each size.
async function usual(data) {
  for (const width of widths) {
    await sharp(data).rotate().resize({ width }).jpeg(jpeg).toBuffer();
  }
}

// The best way: decoded once, each size from the next larger.
async function pyramid(data) {
  let step = sharp(data).rotate();
  let raw;
  for (const width of widths) {
    const resized = await step.resize({ width }).raw().toBuffer({ resolveWithObject: true });
    raw = { width: resized.info.width, height: resized.info.height, channels: resized.info.channels };
    await sharp(resized.data, { raw }).jpeg(jpeg).toBuffer();
    step = sharp(resized.data, { raw });
  }
}

const render = { usual, pyramid }[way];
// Not maxRSS: a child starts with its parent's.
const megabytes = () =>
  (Number(readFileSync("/proc/self/status", "ascii").match(/VmHWM:\s+(\d+)/)[1]) * 1024) / 1e6;
const data = readFileSync(path);
const startMegabytes = megabytes();
await render(data);
const peakMegabytes = megabytes();
const milliseconds = [];
for (let run = 0; run < Number(runs); run++) {
  const began = performance.now();
  await render(data);
  milliseconds.push(performance.now() - began);
}
console.log(JSON.stringify({ milliseconds, startMegabytes, peakMegabytes }));
