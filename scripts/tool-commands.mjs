/** Developer tools: rows of the table in commands.mjs. */
const text = { type: 'string' };
const several = { type: 'string', multiple: true };
const flag = { type: 'boolean' };

/**
 * @param row group, compiled file and summary
 * @param usage the command line
 * @param options options by name; a list of names stands for string options
 * @param numbers names of further options that take an integer
 * @param needs the required positional argument
 * @param required required options
 */
const tool = ([group, entry, summary], usage, { texts = [], numbers = [], options = {}, ...rest } = {}) => ({
  tool: true,
  group,
  entry,
  summary,
  usage,
  options: { ...Object.fromEntries([...texts, ...numbers].map((name) => [name, text])), ...options },
  numbers,
  ...rest,
});

export const toolCommands = {
  bench: tool(
    [
      'bench',
      'dist/benchmarks/run.js',
      'frames per second, job latency, requests per second; startup, classification, libraries, peers and live servoing on request',
    ],
    `npm run bench [-- cns http inpainting classification libraries peers servo servo-recovery start]

Measures the named parts, or cns, http and inpainting. docs and README.md say what each needs.
  --only TEXT, --rounds N, --repeat N, --core N, --detectors A,B
  servo: --clips FILE,FILE, --frames N, --python PROGRAM; servo-recovery: --sessions N`,
    {
      texts: ['only', 'detectors', 'clips', 'python'],
      numbers: ['core', 'repeat', 'rounds', 'frames', 'sessions'],
      positionals: true,
    },
  ),
  'bench:cores': tool(
    ['bench', 'dist/benchmarks/cns/cores.js', 'a CNS job on one core and on all of them'],
    'npm run bench:cores [-- --detector NAME --clip NAME --repeat N --rounds N]',
    {
      texts: ['detector', 'clip'],
      numbers: ['repeat', 'rounds'],
    },
  ),
  'bench:detectors': tool(
    [
      'bench',
      'dist/benchmarks/cns/detectors.js',
      'key points, matches and time of each detector on the same frames',
    ],
    'npm run bench:detectors [-- --clip FILE --distance N --pairs N --network FILE --manifest FILE]',
    {
      texts: ['network', 'manifest'],
      numbers: ['distance', 'pairs'],
      options: { clip: several },
    },
  ),
  'bench:short-job': tool(
    [
      'bench',
      'dist/benchmarks/cns/short-job.js',
      'stages of a CNS job of a few frames, with new and with kept threads',
    ],
    'npm run bench:short-job [-- --detector NAME --clip NAME --frames N --rounds N]',
    {
      texts: ['detector', 'clip'],
      numbers: ['frames', 'rounds'],
    },
  ),
  'bench:magsac': tool(
    ['bench', 'dist/benchmarks/cns/magsac.js', 'the geometric check compared with USAC MAGSAC of OpenCV'],
    'npm run bench:magsac',
    { positionals: true },
  ),
  'docs:errors': tool(
    ['generate', 'dist/scripts/docs-errors.js', 'writes docs/errors.md from the tables of error codes'],
    'npm run docs:errors',
  ),
  'docs:contact-sheet': tool(
    ['generate', 'dist/evaluation/cns/contact-sheet.js', 'the image of matches in docs/cns-evaluation.md'],
    'npm run docs:contact-sheet',
    { positionals: true },
  ),
  'eval:archive': tool(
    [
      'eval',
      'dist/evaluation/inpainting/archive.js',
      'fills an archive of media and masks, and measures how far results differ from their sources',
    ],
    'npm run eval:archive -- FILE.zip [--out FOLDER --python PROGRAM]',
    {
      texts: ['out', 'python'],
      needs: 'FILE.zip',
    },
  ),
  'eval:cns': tool(
    [
      'eval',
      'dist/evaluation/cns/evaluate.js',
      'servoing on images with known poses: lost frames, angles to the true velocity, closed loops',
    ],
    'npm run eval:cns [-- --detectors A,B --policies A,B --scenes A,B --pairs N --loop-pairs N --lens]',
    {
      texts: ['detectors', 'policies', 'scenes'],
      numbers: ['pairs', 'loop-pairs'],
      options: { lens: flag },
    },
  ),
  'eval:confidence': tool(
    [
      'eval',
      'dist/evaluation/cns/confidence/evaluate.js',
      'frames lost on wide baselines, what weak ones are worth, and whether stated confidences come true',
    ],
    'npm run eval:confidence [-- --fit --held-out --scenes N --detectors A,B]',
    { texts: ['detectors'], numbers: ['scenes'], options: { fit: flag, 'held-out': flag } },
  ),
  'eval:detection': tool(
    [
      'eval',
      'dist/evaluation/detection/evaluate.js',
      "detectors compared with Python's onnxruntime; mAP of the bundled one on drawn scenes",
    ],
    `npm run eval:detection -- [FOLDER] [options]

Compares the networks of FOLDER with Python's onnxruntime, and measures the shipped detector on drawn scenes.
  --python PROGRAM, --images FOLDER, --scenes N, --photos FOLDER, --keep FOLDER, --network ID`,
    {
      texts: ['python', 'images', 'photos', 'keep', 'network'],
      numbers: ['scenes'],
      positionals: true,
    },
  ),
  'eval:files': tool(
    [
      'eval',
      'dist/evaluation/files/case-files.js',
      'uploads every file of a folder with the route for its kind, runs the jobs, prints the results',
    ],
    'npm run eval:files -- FOLDER [--inpaint-videos]',
    {
      options: { 'inpaint-videos': flag },
      needs: 'FOLDER',
    },
  ),
  'eval:flicker': tool(
    ['eval', 'dist/evaluation/inpainting/flicker.js', 'flicker and PSNR of filled videos'],
    'npm run eval:flicker [-- --frames N --clips A,B --python PROGRAM --keep FOLDER]',
    {
      texts: ['clips', 'python', 'keep'],
      numbers: ['frames'],
    },
  ),
  'eval:previews': tool(
    [
      'eval',
      'dist/evaluation/previews/contact-sheet.js',
      'one page of previews of a portrait clip, variable rate, HDR, two frames',
    ],
    'npm run eval:previews [-- --out FILE]',
    {
      texts: ['out'],
    },
  ),
  'eval:video-sizes': tool(
    [
      'eval',
      'dist/evaluation/files/video-sizes.js',
      'uploads videos of 40 sizes in six codecs and runs a CNS job over each',
    ],
    'npm run eval:video-sizes [-- --rotate --sizes N --seconds S --sift N]',
    {
      texts: ['seconds'],
      numbers: ['sizes', 'sift'],
      options: { rotate: flag },
    },
  ),
  'eval:moving-background': tool(
    [
      'eval',
      'dist/evaluation/inpainting/moving-background.js',
      'PSNR of fixed masks over a moving background',
    ],
    'npm run eval:moving-background -- CLIP [--mask FILE --frames N --sheets FOLDER --python PROGRAM]',
    {
      texts: ['sheets', 'python'],
      numbers: ['frames'],
      options: { mask: several },
      needs: 'CLIP',
    },
  ),
  'eval:inpainting': tool(
    [
      'eval',
      'dist/evaluation/inpainting/quality.js',
      'fills of held-out photos by method and mask: PSNR, SSIM, perceptual distance, time',
    ],
    `npm run eval:inpainting -- --photos FOLDER [options]

  --features SQUEEZENET.onnx, --masks A,B, --methods A,B, --quality NAME, --limit N, --models FOLDER, --keep FOLDER,
  --sheets FOLDER, --count-sheets FOLDER, --json FILE, --python PROGRAM`,
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
        'count-sheets',
        'json',
        'python',
      ],
      numbers: ['limit'],
      required: ['photos'],
    },
  ),
  'soak:attacks': tool(
    [
      'soak',
      'dist/tests/soak/attacks/main.js',
      'bodies beyond every limit, abnormal connections, expensive media; monitors `/livez` and memory',
    ],
    'npm run soak:attacks [-- --only TEXT --idle SECONDS --memory MB --latency MS]',
    {
      texts: ['only'],
      numbers: ['idle', 'memory', 'latency'],
    },
  ),
  'soak:cluster': tool(
    [
      'soak',
      'dist/tests/soak/cluster.js',
      'two api processes and two workers behind nginx: events between instances, quotas, turns of users, attacks, outages, restarts and a kill under load',
    ],
    'npm run soak:cluster [-- --mode postgres|redis --only events|quotas|fairness|attacks|outages|load --events N --jobs N --restarts N]',
    {
      texts: ['mode', 'only'],
      numbers: ['events', 'jobs', 'restarts'],
      choices: {
        mode: () => ['postgres', 'redis'],
        only: () => ['events', 'quotas', 'fairness', 'attacks', 'outages', 'load'],
      },
    },
  ),
  'soak:kills': tool(
    ['soak', 'dist/tests/soak/worker-kills.js', 'kills the worker during jobs and checks the ledger'],
    'npm run soak:kills [-- --times N --task cns|inpainting]',
    {
      texts: ['task'],
      numbers: ['times'],
      choices: { task: () => ['cns', 'inpainting'] },
    },
  ),
  'soak:large-image': tool(
    ['soak', 'dist/tests/soak/large-image.js', 'inpaints one very large image and monitors memory'],
    'npm run soak:large-image [-- --megapixels N --strategy NAME]',
    {
      texts: ['strategy'],
      numbers: ['megapixels'],
    },
  ),
  'soak:memory': tool(
    ['soak', 'dist/tests/soak/memory.js', 'memory on a short and on a long video'],
    'npm run soak:memory [-- --seconds A,B --fps N --detector NAME]',
    {
      texts: ['seconds', 'detector'],
      numbers: ['fps'],
    },
  ),
  'soak:servo-kills': tool(
    [
      'soak',
      'dist/tests/soak/servo-kills.js',
      'kills engines, database and api under live sessions; checks recovery, counts and the ledger',
    ],
    'npm run soak:servo-kills [-- --sessions N --rounds N --fps N --detector NAME]',
    {
      texts: ['detector'],
      numbers: ['sessions', 'rounds', 'fps'],
    },
  ),
  'soak:storage-migration': tool(
    [
      'soak',
      'dist/tests/soak/storage-migration.js',
      'moves media from the disk to S3 and back while clients upload and download; compares every hash',
    ],
    'npm run soak:storage-migration [-- --media N]',
    {
      numbers: ['media'],
    },
  ),
  'soak:servo-overload': tool(
    [
      'soak',
      'dist/tests/soak/servo-overload.js',
      'a live session with twice the frames it can compute; monitors memory, age of answers, skipped frames',
    ],
    'npm run soak:servo-overload [-- --minutes N --seconds N --detector NAME]',
    {
      texts: ['detector'],
      numbers: ['minutes', 'seconds'],
    },
  ),
  'soak:archive-kills': tool(
    [
      'soak',
      'dist/tests/soak/archive-kills.js',
      'kills the api process during imports of a dataset archive; counts datasets, charges and files left',
    ],
    'npm run soak:archive-kills [-- --kills N --images N]',
    {
      texts: [],
      numbers: ['kills', 'images'],
    },
  ),
  'soak:backup-growth': tool(
    [
      'soak',
      'dist/tests/soak/backup-growth.js',
      'two snapshots of unchanged media; measures what the second one adds to the repository',
    ],
    'npm run soak:backup-growth [-- --mb N]',
    {
      numbers: ['mb'],
    },
  ),
  'soak:multipart': tool(
    [
      'soak',
      'dist/tests/soak/multipart.js',
      'a multipart upload of 300 MiB by curl alone, with repeated parts, an expired URL and abandoned uploads',
    ],
    'npm run soak:multipart [-- --mb N --abandoned N]',
    {
      numbers: ['mb', 'abandoned'],
    },
  ),
  'soak:upload-kills': tool(
    [
      'soak',
      'dist/tests/soak/upload-kills.js',
      'kills two api processes in turns during resumable uploads; compares hashes, media and charges',
    ],
    'npm run soak:upload-kills [-- --uploads N --mb N --parallel N --pause MS]',
    {
      texts: [],
      numbers: ['uploads', 'mb', 'parallel', 'pause'],
    },
  ),
  'soak:webhooks': tool(
    [
      'soak',
      'dist/tests/soak/webhooks.js',
      'jobs whose ends are sent to endpoints that are down, fail, hang or redirect; verifies every message, compares times of jobs',
    ],
    'npm run soak:webhooks [-- --jobs N --clients N --python PROGRAM]',
    {
      texts: ['python'],
      numbers: ['jobs', 'clients'],
    },
  ),
  'soak:deletes': tool(
    [
      'soak',
      'dist/tests/soak/deletes.js',
      'deletes a thousand media while jobs over them wait and run; counts jobs, charges, files and bytes',
    ],
    'npm run soak:deletes [-- --images N --videos N]',
    {
      texts: [],
      numbers: ['images', 'videos'],
    },
  ),
  'soak:images': tool(
    [
      'soak',
      'dist/tests/soak/mixed-images.js',
      'classifies images of all kinds from many clients and monitors memory',
    ],
    'npm run soak:images [-- --requests N --clients N --cycles N --network ID]',
    {
      texts: ['network'],
      numbers: ['requests', 'clients', 'cycles'],
    },
  ),
  'api:tour': tool(
    [
      'generate',
      'dist/scripts/api-tour.js',
      'calls every route of a running server with curl, checks the answers, writes docs/api-transcript.md or, with --part platform, docs/platform-transcript.md',
    ],
    'npm run api:tour [-- --url URL --out FILE --admin-email EMAIL --part api|platform]',
    {
      texts: ['url', 'out', 'admin-email', 'part'],
      choices: { part: () => ['api', 'platform'] },
    },
  ),
  'eval:clips': tool(
    [
      'eval',
      'dist/evaluation/cns/evaluate-clips.js',
      'servoing on the sample clips: angles to the true velocity, by detector',
    ],
    'npm run eval:clips [-- --clips A,B --detectors A,B --memories A,B --policy cns|ibvs --models FOLDER]',
    { texts: ['clips', 'detectors', 'memories', 'policy', 'models'] },
  ),
  'render:long-clip': tool(
    ['generate', 'dist/scripts/render-long-clip.js', 'creates a long video cheaply, to measure memory'],
    'npm run render:long-clip -- --out FILE [--seconds N --width N --height N --fps N --seed N]',
    { texts: ['out'], numbers: ['seconds', 'width', 'height', 'fps', 'seed'], required: ['out'] },
  ),
  'render:samples': tool(
    ['generate', 'dist/scripts/render-samples.js', 'renders the sample clips'],
    'npm run render:samples [-- NAME …]',
    { positionals: true },
  ),
};
