// One finding in full: the line, the facts, the proof, the way out, and the page of its rule.

function facts(pairs) {
  return make('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([title, value]) => [make('dt', {}, title), make('dd', {}, value)]));
}

function detail(finding) {
  const rule = DATA.rules[finding.rule];
  return [
    make('h2', { tabindex: -1 }, finding.about ? name(finding.about) : finding.rule),
    make('blockquote', { class: 'line name' }, finding.message),
    facts([
      ['binary', name(finding.binary.whole)],
      ['layer', layer(finding.binary.layer)],
      ['verdict', make('span', { class: 'say-' + finding.binary.verdict }, WORDS[finding.binary.verdict])],
      ['effect', make('span', { class: 'say-' + finding.severity }, effect(finding))],
      ['symbol', finding.symbol && name(finding.symbol + (finding.version ? '@' + finding.version : ''))],
      ['library', finding.library && name(finding.library)],
      ['needed by', finding.needed_by && name(finding.needed_by)],
      ['relocation', finding.relocation],
      ['confidence', finding.confidence],
      ['suppressed', finding.suppressed],
      ['link', make('a', { href: '#' + finding.id }, '#' + finding.id)],
    ]),
    finding.evidence.length ? [make('h3', {}, 'Proof'), make('ul', {}, finding.evidence.map((number) => {
      const { kind, where, text } = DATA.evidence[number];
      return make('li', {}, kind + ', ', name(where), text ? ': ' + text : '');
    }))] : [],
    wayOut(finding),
    make('h3', {}, 'Rule: ', ruleName(finding.rule)),
    make('p', {}, rule.title),
    rule.page ? prose(rule.page.replace(/^# .*\n/, '')) : '',
  ].flat();
}

/** A rule's name, with the address of its page where the report knows one. */
function ruleName(rule) {
  const link = DATA.rules[rule].link;
  return link ? make('a', { href: link, rel: 'noreferrer' }, rule) : rule;
}

function layer(value) {
  return value && typeof value === 'object' ? JSON.stringify(value) : value;
}

function effect(finding) {
  return finding.severity + ' at ' + finding.when;
}

const EFFECTS = { cures: 'Least change that is enough', helps: 'Not enough', hides: 'Only hides it', untried: 'Not tried' };

/** What to do about all that stands against the binary of a finding. */
function ways(object) {
  const known = object.remedies || [];
  return Object.entries(EFFECTS).map(([effect, title]) => {
    const found = known.filter((way) => way.effect === effect);
    if (!found.length) return '';
    return [make('h3', {}, title), make(effect === 'cures' ? 'ol' : 'ul', {}, found.map((way) => make('li', { class: way.cures ? 'cures' : null },
      way.commands.map((command, place) => [place ? ', then ' : '', make('code', {}, command)]), make('span', { class: 'quiet' }, ' ' + left(way)))))];
  });
}

function left(way) {
  if (way.effect !== 'helps') return way.remains.join('; ') || way.text;
  const more = way.remains.length > 6 ? ' and ' + (way.remains.length - 6) + ' more' : '';
  return 'leaves ' + way.remains.slice(0, 6).join(', ') + more + (way.loads ? ' (it loads then)' : '');
}

function wayOut(finding) {
  const family = DATA.families[finding.family];
  const remedies = finding.remedies.map((number) => DATA.remedies[number]);
  return [
    finding.severity === 'info' || finding.suppressed ? '' : ways(finding.binary),
    remedies.length ? make('h3', {}, 'What helps with this alone') : '',
    remedies.length ? make('ul', {}, remedies.map((r) => make('li', { class: r.cures ? 'cures' : null }, r.text))) : '',
    family ? [make('h3', {}, 'Family: ' + family.title), familyFacts(family)] : [],
  ].flat(3);
}

function familyFacts(family) {
  return facts([
    ['what', family.what], ['provided by', family.provider], ['in the source', family.source_fix],
    ['as it is', family.binary_fix], ['note', family.note],
  ]);
}
