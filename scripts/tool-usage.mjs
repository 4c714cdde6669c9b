/**
 * What the developers' tools of run.mjs take; the same kind of table as `usages` in usage.mjs.
 */
const text = { type: 'string' };
const several = { type: 'string', multiple: true };
const flag = { type: 'boolean' };

/**
 * @param usage the command line
 * @param options options by name; a list of names stands for plain texts
 * @param numbers names of further options that take a whole number
 * @param needs the word without dashes that must be there
 * @param required options that must be there
 */
const tool = (usage, { texts = [], numbers = [], options = {}, ...rest } = {}) => ({
  usage,
  options: { ...Object.fromEntries([...texts, ...numbers].map((name) => [name, text])), ...options },
  numbers,
  ...rest,
});

export const toolUsages = {
  bench: tool(
    `npm run bench [-- cns http inpainting classification peers start]

Measures the named parts, or cns, http and inpainting. docs and README.md say what each needs.
  --only TEXT, --rounds N, --repeat N, --core N, --detectors A,B`,
    { texts: ['only', 'detectors'], numbers: ['core', 'repeat', 'rounds'], positionals: true },
  ),
  'bench:cores': tool('npm run bench:cores [-- --detector NAME --clip NAME --repeat N --rounds N]', {
    texts: ['detector', 'clip'],
    numbers: ['repeat', 'rounds'],
  }),
  'bench:detectors': tool(
    'npm run bench:detectors [-- --clip FILE --distance N --pairs N --network FILE --manifest FILE]',
    {
      texts: ['network', 'manifest'],
      numbers: ['distance', 'pairs'],
      options: { clip: several },
    },
  ),
  'bench:magsac': tool('npm run bench:magsac', { positionals: true }),
  'docs:contact-sheet': tool('npm run docs:contact-sheet', { positionals: true }),
  'eval:archive': tool('npm run eval:archive -- FILE.zip [--out FOLDER --python PROGRAM]', {
    texts: ['out', 'python'],
    needs: 'FILE.zip',
  }),
  'eval:cns': tool(
    'npm run eval:cns [-- --detectors A,B --policies A,B --scenes A,B --pairs N --loop-pairs N]',
    { texts: ['detectors', 'policies', 'scenes'], numbers: ['pairs', 'loop-pairs'] },
  ),
  'eval:files': tool('npm run eval:files -- FOLDER [--inpaint-videos]', {
    options: { 'inpaint-videos': flag },
    needs: 'FOLDER',
  }),
  'eval:flicker': tool('npm run eval:flicker [-- --frames N --clips A,B --python PROGRAM --keep FOLDER]', {
    texts: ['clips', 'python', 'keep'],
    numbers: ['frames'],
  }),
  'eval:video-sizes': tool('npm run eval:video-sizes [-- --rotate --sizes N --seconds S --sift N]', {
    texts: ['seconds'],
    numbers: ['sizes', 'sift'],
    options: { rotate: flag },
  }),
  'eval:moving-background': tool(
    'npm run eval:moving-background -- CLIP [--mask FILE --frames N --sheets FOLDER --python PROGRAM]',
    {
      texts: ['sheets', 'python'],
      numbers: ['frames'],
      options: { mask: several },
      needs: 'CLIP',
    },
  ),
  'quality:inpainting': tool(
    `npm run quality:inpainting -- --photos FOLDER [options]

  --features SQUEEZENET.onnx, --masks A,B, --methods A,B, --quality NAME, --limit N, --models FOLDER, --keep FOLDER,
  --sheets FOLDER, --json FILE, --python PROGRAM`,
    {
      texts: [
        'photos',
        'features',
        'masks',
        'methods',
        'quality',
        'models',
        'keep',
        'sheets',
        'json',
        'python',
      ],
      numbers: ['limit'],
      required: ['photos'],
    },
  ),
  'soak:attacks': tool('npm run soak:attacks [-- --only TEXT --idle SECONDS --memory MB --latency MS]', {
    texts: ['only'],
    numbers: ['idle', 'memory', 'latency'],
  }),
  'soak:kills': tool('npm run soak:kills [-- --times N --task cns|inpainting]', {
    texts: ['task'],
    numbers: ['times'],
    choices: { task: () => ['cns', 'inpainting'] },
  }),
  'soak:large-picture': tool('npm run soak:large-picture [-- --megapixels N --strategy NAME]', {
    texts: ['strategy'],
    numbers: ['megapixels'],
  }),
  'soak:memory': tool('npm run soak:memory [-- --seconds A,B --fps N --detector NAME]', {
    texts: ['seconds', 'detector'],
    numbers: ['fps'],
  }),
  'soak:pictures': tool('npm run soak:pictures [-- --requests N --clients N --cycles N --network ID]', {
    texts: ['network'],
    numbers: ['requests', 'clients', 'cycles'],
  }),
  'api:tour': tool('npm run api:tour [-- --url URL --out FILE --admin-email EMAIL]', {
    texts: ['url', 'out', 'admin-email'],
  }),
  'render:samples': tool('npm run render:samples [-- NAME …]', { positionals: true }),
};
