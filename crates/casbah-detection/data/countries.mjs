// Computes the table of countries: who borders whom, and how far apart the nearest
// points of two countries are.
// usage: node countries.mjs <world-atlas>/countries-10m.json <i18n-iso-countries>/codes.json <out.tsv>
//
// One line a country: code, codes of its neighbours, distances in km to each
// country of the lines before it.
import { readFileSync, writeFileSync } from "node:fs";

const [, , atlasFile, codesFile, outFile] = process.argv;
const atlas = JSON.parse(readFileSync(atlasFile, "utf8"));
const codeOfNumber = new Map(
  JSON.parse(readFileSync(codesFile, "utf8")).map(([alpha2, , number]) => [number, alpha2]),
);
// Areas to which Natural Earth gives no number, and where their addresses are registered.
const codeOfName = { Somaliland: "SO", Kosovo: "XK", "N. Cyprus": "CY", Baikonur: "KZ" };

// Parts that have a country code of their own, and parts so far off and with so few
// addresses that they would only bring two countries near that are not: [from, to,
// west, south, east, north].
const parts = [
  ["FR", "GF", -56, 1, -50, 7],
  ["FR", "GP", -62, 15.7, -60.9, 16.6],
  ["FR", "MQ", -61.4, 14.2, -60.6, 15.1],
  ["FR", "RE", 54, -22, 57, -20],
  ["FR", "YT", 44, -14, 46, -12],
  ["NL", "BQ", -70, 11, -62, 18],
  ["NO", "SJ", -10, 70.5, 40, 82],
  ["NO", null, -1, -56, 6, -50],
  ["US", null, -180, 50, -129, 72],
  ["US", null, 170, 50, 180, 56],
  ["US", null, -180, 15, -150, 30],
];
const SJ_ONLY = 74; // the mainland of Norway reaches 71° N

const { scale, translate } = atlas.transform;
const arcs = atlas.arcs.map((arc) => {
  let x = 0;
  let y = 0;
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
});

function codeOfPolygon(code, rings) {
  const points = rings[0].flatMap((index) => arcs[index < 0 ? ~index : index]);
  const mid = [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length);
  for (const [from, to, west, south, east, north] of parts) {
    const inside = mid[0] >= west && mid[0] <= east && mid[1] >= south && mid[1] <= north;
    if (from === code && inside && (to !== "SJ" || mid[1] > SJ_ONLY)) return to;
  }
  return code;
}

const cells = new Map(); // code -> cell -> point on the unit sphere
const users = arcs.map(() => new Set());
for (const geometry of atlas.objects.countries.geometries) {
  const whole = codeOfNumber.get(geometry.id) ?? codeOfName[geometry.properties.name];
  if (!whole || !geometry.arcs) continue;
  const polygons = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
  for (const rings of polygons) {
    const code = codeOfPolygon(whole, rings);
    if (!code) continue;
    if (!cells.has(code)) cells.set(code, new Map());
    for (const index of rings.flat()) {
      const arc = index < 0 ? ~index : index;
      users[arc].add(code);
      for (const [lon, lat] of arcs[arc]) {
        // One point in a fifth of a degree: at most about 20 km from the true one.
        const cell = `${Math.floor(lon * 5)},${Math.floor(lat * 5)}`;
        if (cells.get(code).has(cell)) continue;
        const [l, p] = [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
        cells.get(code).set(cell, [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)]);
      }
    }
  }
}

const codes = [...cells.keys()].sort();
const clouds = codes.map((code) => Float64Array.from([...cells.get(code).values()].flat()));
const neighbours = new Map(codes.map((code) => [code, new Set()]));
for (const sharing of users) {
  for (const a of sharing) for (const b of sharing) if (a !== b) neighbours.get(a).add(b);
}

function distance(a, b) {
  let nearest = -1; // the cosine of the angle
  for (let i = 0; i < a.length; i += 3) {
    const [x, y, z] = [a[i], a[i + 1], a[i + 2]];
    for (let j = 0; j < b.length; j += 3) {
      const cosine = x * b[j] + y * b[j + 1] + z * b[j + 2];
      if (cosine > nearest) nearest = cosine;
    }
  }
  return Math.round(6371 * Math.acos(Math.min(1, nearest)));
}

const lines = codes.map((code, index) => {
  const near = neighbours.get(code);
  const distances = codes
    .slice(0, index)
    .map((other, at) => (near.has(other) ? 0 : distance(clouds[index], clouds[at])));
  return [code, [...near].sort().join(" "), distances.join(" ")].join("\t");
});
writeFileSync(outFile, `${lines.join("\n")}\n`);
