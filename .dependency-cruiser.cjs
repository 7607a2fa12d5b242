/**
 * What may import what. `npm run structure` checks it, and test/structure proves that the check can fail.
 *
 * Rooms are the folders of lib/. A room imports rooms of upper floors (those listed first) freely, and never a room of a
 * lower floor. From floor 2 on, a room imports another of its own floor only through that room's contract files.
 * A room's own subfolders hold implementations: only the room itself, the composition root (lib/*.ts) and lib/testing name them.
 */
const floors = [
  { errors: [], options: [], context: [], kernel: [], collections: [] },
  { protocol: [], codec: ['codec'] },
  {
    registry: ['registry'],
    routing: ['router'],
    balance: ['balancer'],
    resilience: ['retry-policy'],
    security: ['security'],
    telemetry: ['telemetry'],
  },
  { transport: ['transport'], session: ['store'] },
  { rpc: [], node: [] },
  { nest: [], lifecycle: [] },
];
/** From this floor on, siblings see only each other's contracts. */
const firstFloorOfContracts = 2;
/** The floor at the bottom: the composition root, the files beside the rooms. They may import everything but lib/testing. */
const rootFiles = '^lib/[^/]+\\.ts$';
const rootRooms = ['cli'];
/** Rooms whose subfolders are implementations of their contract. */
const families = [
  'codec',
  'registry',
  'routing',
  'balance',
  'resilience',
  'security',
  'telemetry',
  'transport',
  'session',
];
const entryPoints = '^lib/(index|spi|testing/index)\\.ts$';
const optionalPeers = Object.keys(require(`${process.cwd()}/package.json`).peerDependenciesMeta ?? {});

const folder = (rooms) => `^lib/(${rooms.join('|')})/`;
/** Subfolders of such rooms that are no implementations, but part of what the room is. */
const partsOfRooms = folder(['session/handle', 'session/conversation']);
const named = floors.map((floor) => Object.keys(floor));

const floorRules = named.map((rooms, floor) => ({
  name: `floor-${floor}-imports-only-upper-floors`,
  comment: 'A room may not know what is built upon it. Move the shared part up, or turn the dependency round.',
  severity: 'error',
  from: { path: folder(rooms) },
  to: { path: [folder([...named.slice(floor + 1).flat(), ...rootRooms, 'testing']), rootFiles] },
}));

const siblingRules = floors.slice(firstFloorOfContracts).flatMap((floor) =>
  Object.keys(floor).map((room) => {
    const siblings = Object.entries(floor).filter(([name]) => name !== room);
    return {
      name: `${room}-sees-only-contracts-of-its-floor`,
      comment: 'A sibling is known by its contract, never by an implementation.',
      severity: 'error',
      from: { path: folder([room]) },
      to: {
        path: folder(siblings.map(([name]) => name)),
        pathNot: siblings.flatMap(([name, files]) => files.map((file) => `^lib/${name}/${file}\\.ts$`)),
      },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Modules that import each other cannot be understood, tested or loaded one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...floorRules,
    ...siblingRules,
    ...families.map((room) => ({
      name: `${room}-implementations-are-private`,
      comment:
        'An implementation is named by the composition root only; everyone else asks the extension registry for it.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [folder([room, 'testing']), rootFiles] },
      to: { path: `^lib/${room}/[^/]+/`, pathNot: partsOfRooms },
    })),
    {
      name: 'every-room-has-a-floor',
      comment: 'A new folder in lib/ belongs on a floor: enter it in .dependency-cruiser.cjs and docs/architecture.md.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [folder([...named.flat(), ...rootRooms, 'testing']), rootFiles] },
      to: {},
    },
    {
      name: 'nothing-imports-a-room-without-a-floor',
      severity: 'error',
      from: {},
      to: { path: '^lib/', pathNot: [folder([...named.flat(), ...rootRooms, 'testing']), rootFiles] },
    },
    {
      name: 'testing-stands-beside',
      comment: 'lib/testing is an entry point of its own; applications must not load it.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/testing/' },
      to: { path: '^lib/testing/' },
    },
    {
      name: 'lib-stands-alone',
      comment: 'The library knows neither its tests, nor its samples, nor its own build.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|sample|dist)/' },
    },
    {
      name: 'lib-imports-what-it-declares',
      comment: 'Only dependencies and peerDependencies are there when the package is installed.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { couldNotResolve: false, dependencyTypesNot: ['npm', 'npm-peer', 'core', 'local', 'aliased'] },
    },
    {
      name: 'samples-import-what-is-published',
      comment: 'A sample is what a user can write: nestjs-mesh, nestjs-mesh/spi, nestjs-mesh/testing and packages.',
      severity: 'error',
      from: { path: '^sample/' },
      to: { path: '^(lib|test|dist)/', pathNot: entryPoints },
    },
    {
      name: 'samples-import-by-name',
      severity: 'error',
      from: { path: '^sample/' },
      to: { path: '^lib/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'samples-stand-alone',
      severity: 'error',
      from: { path: '^sample/([^/]+)/' },
      to: { path: '^sample/', pathNot: '^sample/$1/' },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...optionalPeers.map((name) => ({
      name: `optional-${name}-is-loaded-on-demand`,
      comment:
        'An optional package is imported as a type, with import() or with a require() made for it, so that nobody else has to install it.',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        path: `node_modules/${name}/`,
        dependencyTypesNot: ['type-only', 'type-import', 'dynamic-import', 'require'],
      },
    })),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '(^|/)dist/'] },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
