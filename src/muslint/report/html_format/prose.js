// The pages of rules are Markdown: headings, paragraphs, lists, fenced code, tables, and within them code, bold, links.

function prose(text) {
  const box = make('div', { class: 'prose' });
  const lines = text.split('\n');
  let at = 0;
  const take = (test) => {
    const taken = [];
    while (at < lines.length && test(lines[at])) taken.push(lines[at++]);
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,4}) (.*)$/.exec(line);
    if (heading) {
      at++;
      box.append(make('h3', {}, inline(heading[2])));
    } else if (line.startsWith('```')) {
      at++;
      box.append(make('pre', { tabindex: 0 }, make('code', {}, take((l) => !l.startsWith('```')).join('\n'))));
      at++;
    } else if (/^\|/.test(line)) {
      box.append(grid(take((l) => l.startsWith('|'))));
    } else if (/^(- |\d+\. )/.test(line)) {
      box.append(list(take((l) => /^(- |\d+\. |\s+\S)/.test(l))));
    } else if (line.trim() === '') {
      at++;
    } else {
      box.append(make('p', {}, inline(take((l) => l.trim() !== '' && !/^(#|```|\||- )/.test(l)).join(' '))));
    }
  }
  return box;
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    const start = /^(?:- |\d+\. )(.*)$/.exec(line);
    if (start) items.push(start[1]);
    else items[items.length - 1] += ' ' + line.trim();
  }
  return make(/^\d/.test(lines[0]) ? 'ol' : 'ul', {}, items.map((item) => make('li', {}, inline(item))));
}

function grid(lines) {
  const rows = lines.filter((l) => !/^\|[-:| ]+\|$/.test(l)).map((l) => l.replace(/^\||\|$/g, '').split('|').map((c) => c.trim()));
  const [head, ...rest] = rows;
  return make('table', {},
    make('thead', {}, make('tr', {}, head.map((cell) => make('th', { scope: 'col' }, inline(cell))))),
    make('tbody', {}, rest.map((row) => make('tr', {}, row.map((cell) => make('td', {}, inline(cell)))))));
}

/** Nodes for `code`, **bold** and [links](…); a link that leads into the project's pages is only its text. */
function inline(text) {
  const nodes = [];
  let rest = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g)) {
    nodes.push(text.slice(rest, found.index));
    rest = found.index + found[0].length;
    const [, code, bold, stressed, words, target] = found;
    if (code) nodes.push(make('code', {}, code));
    else if (bold) nodes.push(make('strong', {}, bold));
    else if (stressed) nodes.push(make('em', {}, stressed));
    else if (/^https:\/\//.test(target)) nodes.push(make('a', { href: target, rel: 'noreferrer' }, words));
    else nodes.push(words);
  }
  nodes.push(text.slice(rest));
  return nodes;
}
