// The view of dependencies: what one binary loads, as a drawing and as a tree.

const SVG = 'http://www.w3.org/2000/svg';
const BOX = { width: 230, height: 38, across: 280, down: 50, edge: 12 };
const DRAWN = 120; // with more nodes a drawing helps nobody

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Nodes by path (or by name where no file serves), each with its level: the longest way from the start, loops cut. */
function graphOf(object) {
  const nodes = new Map([[object.path, { id: object.path, title: object.path, level: 0, how: '', state: 'start', out: [] }]]);
  for (const [needed, path, by, how] of object.loaded) {
    const id = path || 'missing ' + needed;
    if (!nodes.has(id)) {
      const state = !path ? 'missing' : how.includes('C library') ? 'libc' : how.includes('not known') ? 'assumed' : 'found';
      nodes.set(id, { id, title: path || needed, needed, level: 0, how, state, out: [] });
    }
    const from = nodes.get(by === null ? object.path : by) || nodes.get(object.path);
    if (from !== nodes.get(id) && !from.out.includes(nodes.get(id))) from.out.push(nodes.get(id));
  }
  level(nodes.get(object.path));
  return nodes;
}

/** Every node stands right of all that need it; an edge that closes a loop does not count. */
function level(start) {
  const order = []; // a node comes after everything it needs
  const state = new Map([[start, 'open']]);
  const back = new Set();
  const stack = [[start, 0]];
  while (stack.length) {
    const top = stack[stack.length - 1];
    const [node, next] = top;
    if (next === node.out.length) {
      state.set(node, 'done');
      order.push(node);
      stack.pop();
      continue;
    }
    top[1]++;
    const other = node.out[next];
    if (!state.has(other)) {
      state.set(other, 'open');
      stack.push([other, 0]);
    } else if (state.get(other) === 'open') back.add(node.id + '\n' + other.id);
  }
  for (const node of order.reverse()) {
    for (const other of node.out) {
      if (!back.has(node.id + '\n' + other.id)) other.level = Math.max(other.level, node.level + 1);
    }
  }
}

function shortened(text) {
  const base = text.slice(text.lastIndexOf('/') + 1) || text;
  return base.length > 28 ? base.slice(0, 27) + '…' : base;
}

function drawing(nodes) {
  const levels = [];
  for (const node of nodes.values()) (levels[node.level] ||= []).push(node);
  let tallest = 0;
  levels.forEach((level, column) => level.forEach((node, row) => {
    node.x = BOX.edge + column * BOX.across;
    node.y = BOX.edge + row * BOX.down;
    tallest = Math.max(tallest, node.y + BOX.height);
  }));
  const width = BOX.edge * 2 + (levels.length - 1) * BOX.across + BOX.width;
  const svg = draw('svg', { width, height: tallest + BOX.edge, 'aria-hidden': 'true', focusable: 'false' });
  for (const node of nodes.values()) {
    for (const next of node.out) {
      const [x1, y1, x2, y2] = [node.x + BOX.width, node.y + BOX.height / 2, next.x, next.y + BOX.height / 2];
      const gap = node.y + BOX.height + 6; // edges over more than one level run between the rows, not behind the boxes
      svg.append(draw('path', { d: next.level <= node.level
        ? `M${node.x + BOX.width / 2},${node.y + BOX.height} Q${x1 + 24},${(y1 + y2) / 2} ${next.x + BOX.width / 2},${next.y}`
        : next.level === node.level + 1
          ? `M${x1},${y1} C${x1 + 30},${y1} ${x2 - 30},${y2} ${x2},${y2}`
          : `M${x1},${y1} C${x1 + 25},${y1} ${x1 + 15},${gap} ${x1 + 40},${gap} L${x2 - 40},${gap} C${x2 - 15},${gap} ${x2 - 25},${y2} ${x2},${y2}` }));
    }
  }
  for (const node of nodes.values()) {
    svg.append(draw('g', {}, draw('title', {}, node.title + (node.how ? ' — ' + node.how : '')),
      draw('rect', { class: node.state, x: node.x, y: node.y, width: BOX.width, height: BOX.height, rx: 6 }),
      draw('text', { x: node.x + 8, y: node.y + 16 }, shortened(node.title)),
      draw('text', { class: 'small', x: node.x + 8, y: node.y + 31 }, (node.state === 'missing' ? '✗ ' : '') + shortened(node.how || 'starts here'))));
  }
  return svg;
}

function tree(node, above) {
  const again = above.has(node.id);
  const head = [make('span', { class: node.state === 'missing' ? 'say-fails' : null }, name(node.title)),
    node.needed && !node.title.endsWith(node.needed) ? [' as ', name(node.needed)] : '',
    node.how ? make('span', { class: 'quiet' }, ' — ' + node.how) : '', again ? ' (see above)' : ''].flat();
  above.add(node.id);
  return make('li', {}, head, again || !node.out.length ? '' : make('ul', {}, node.out.map((next) => tree(next, above))));
}

function graphView() {
  const subjects = OBJECTS.filter((object) => object.loaded.length)
    .sort((a, b) => (a.kind === 'executable' ? 0 : 1) - (b.kind === 'executable' ? 0 : 1) || a.number - b.number);
  if (!subjects.length) return [make('p', { class: 'empty' }, 'None of these binaries needs a library.')];
  const place = make('div', {});
  const shown = () => {
    const object = OBJECTS[Number(box.value)];
    const nodes = graphOf(object);
    place.replaceChildren(
      nodes.size <= DRAWN ? make('div', { class: 'graph', tabindex: 0, role: 'img', 'aria-label': 'Drawing of the tree below' }, drawing(nodes)) : '',
      make('h3', {}, counted(nodes.size - 1, 'library', 'libraries')),
      make('ul', { class: 'tree' }, tree(nodes.get(object.path), new Set())));
  };
  const box = make('select', { id: 'subject', 'aria-label': 'Binary', onchange: shown },
    subjects.slice(0, 2000).map((object) => make('option', { value: object.number }, object.whole)));
  shown();
  return [make('div', { class: 'filters' }, make('label', {}, 'What is loaded for', box)), place];
}

function skippedView() {
  const reasons = new Map();
  for (const one of DATA.skipped) {
    if (!reasons.has(one.reason)) reasons.set(one.reason, []);
    reasons.get(one.reason).push([...one.parents, one.path].join('!'));
  }
  return [...reasons].map(([reason, paths]) => make('details', { class: 'cause', open: true },
    make('summary', {}, make('strong', {}, reason), ' ', make('span', { class: 'quiet' }, counted(paths.length, 'file', 'files'))),
    make('div', {}, make('ul', {}, paths.slice(0, 500).map((path) => make('li', {}, name(path)))),
      paths.length > 500 ? make('p', { class: 'quiet' }, '… and ' + (paths.length - 500) + ' more') : '')));
}
