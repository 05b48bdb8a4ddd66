// What every part needs: the data, and the making of elements. Texts go in as text nodes only.

const DATA = JSON.parse(document.getElementById('data').textContent);
const WORDS = { fails: 'fails', 'fails-on-use': 'fails on use', differs: 'differs', runs: 'runs', unknown: 'unknown' };
const MANY = { fails: 'fail', 'fails-on-use': 'fail on use', differs: 'differ', runs: 'run', unknown: 'unknown' };
const VERDICTS = Object.keys(WORDS);
const SEVERITIES = ['error', 'warning', 'info'];
const WHEN = ['load', 'use', 'run'];
const COLUMNS = ['object', 'rule', 'severity', 'when', 'confidence', 'symbol', 'version', 'library', 'needed_by',
  'relocation', 'message', 'evidence', 'remedies', 'suppressed', 'id', 'family'];

const OBJECTS = DATA.objects.map((object, number) => ({
  ...object, number, findings: [], whole: [...object.parents, object.path].join('!'),
}));

/** What breaks first, then what is only told: thousands of names may be taken to come from a host. */
const FINDINGS = DATA.findings.map((row, number) => {
  const finding = { number };
  for (let column = 0; column < COLUMNS.length; column++) finding[COLUMNS[column]] = row[column];
  const object = OBJECTS[finding.object];
  finding.binary = object;
  finding.about = finding.symbol || finding.library || (finding.relocation === null ? '' : 'relocation ' + finding.relocation);
  finding.rank = SEVERITIES.indexOf(finding.severity) * 3 + WHEN.indexOf(finding.when);
  finding.text = [object.whole, finding.rule, finding.message, finding.about, finding.version || '', finding.family || '']
    .join('\n').toLowerCase();
  object.findings.push(finding);
  return finding;
}).sort((a, b) => a.rank - b.rank || a.number - b.number);
FINDINGS.forEach((finding, number) => { finding.number = number; });

/** An element with attributes, listeners (on…) and children; strings become text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

/** A name, kept apart from the direction of the text around it. */
function name(text) {
  return make('bdi', { class: 'name' }, text);
}

/** A binary where room is short: its file name, then where it lies. */
function file(object) {
  const at = object.whole.lastIndexOf(object.path.slice(object.path.lastIndexOf('/') + 1));
  const folder = object.whole.slice(0, at).replace(/[/!]$/, '');
  return [name(object.whole.slice(at)), folder ? make('span', { class: 'quiet' }, ' in ', name(folder)) : ''];
}

function counted(number, one, many) {
  return number + ' ' + (number === 1 ? one : many);
}

/** Tell people who listen. */
function announce(text) {
  document.getElementById('live').textContent = text;
}
