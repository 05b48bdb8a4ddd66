// The view of base images: a cell an image, by distribution. Its colour and its words are the verdict; open, the reason.

const BASES = DATA.bases || [];

function baseCell(base) {
  const facts = [['Image', name(base.reference)], ['C library', base.shown.libc], ['As it is', base.shown.verdict],
    ['Why', base.shown.says || null], ['Updates until', base.end_of_life],
    ['Free long-term updates until', base.long_term], ['Compressed size', base.compressed_mb === null ? null : base.compressed_mb + ' MB'],
    ['Opened by name, not there', base.opens_missing.join(', ') || null],
    ['Opened by name, not known whether there', base.opens_unknown.join(', ') || null],
    ['Taken for granted', base.assumed.join(', ') || null], ['Confidence in these facts', base.confidence]];
  const lines = ['FROM ' + base.reference, ...(base.install ? ['RUN ' + base.install] : [])];
  return make('details', { class: 'base ' + base.best },
    make('summary', {}, make('strong', {}, base.shown.tag), make('span', {}, base.shown.words), base.ended ? make('span', {}, 'past its end of life') : ''),
    make('div', {},
      make('dl', { class: 'facts' }, facts.filter(([, value]) => value !== null).map(([key, value]) => [make('dt', {}, key), make('dd', {}, value)])),
      ['runs', 'differs'].includes(base.best) ? make('pre', {}, make('code', {}, lines.join('\n'))) : ''));
}

function basesView() {
  const families = new Map();
  for (const base of BASES) {
    if (!families.has(base.shown.family)) families.set(base.shown.family, []);
    families.get(base.shown.family).push(base);
  }
  const runs = BASES.filter((base) => base.best === 'runs').length;
  return [make('p', {}, 'It runs on ' + runs + ' of ' + BASES.length + ' images, as they are or with packages added. Open one for the reason.'),
    [...families].map(([family, members]) => make('section', { class: 'family' },
      make('h2', {}, family), make('div', { class: 'bases' }, members.map(baseCell))))];
}
