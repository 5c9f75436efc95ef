// Outline and word statistics of a Markdown text: pure functions on strings, no host APIs.
// Blocks are told apart as in CommonMark, as far as one pass over the lines can; lists and quotes are not entered.

const FENCE = /^(?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}|~{3,})(.*)$/s; // also as the first line of a list item
const ATX_HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/s;
const SETEXT_UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const THEMATIC_BREAK = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const CONTAINER_START = /^ {0,3}(?:[-*+][ \t]|\d{1,9}[.)][ \t]|>|<[a-z/!?])/i;
const INDENTED = /^(?: {4}| {0,3}\t)/;
const DEFINITION = /^ {0,3}\[[^\[\]]+\]:[ \t]*\S/;

const CODE_SPAN = /(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g;
const IMAGE = /!\[([^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])/g;
const LINK = /\[([^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])/g;
const ADDRESS = /https?:\/\/[^\s<>]+/g;
const TAG_OR_ENTITY = /<[^<>]*>|&#?[0-9a-z]+;/gi;
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’_]+[\p{L}\p{M}\p{N}]+)*/gu;

/** The lines of a text; a final line end opens no further line. */
function splitLines(text) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

/** How many lines YAML front matter takes; 0 if there is none. */
function frontMatterLength(lines) {
  if (lines.length === 0 || lines[0].trimEnd() !== '---') return 0;
  return lines.findIndex((line, index) => index > 0 && /^(?:---|\.\.\.)\s*$/.test(line)) + 1;
}

/** The marker and the language of a line that opens a fenced code block, or null. */
function openFence(line) {
  const [, marker, info] = FENCE.exec(line) || [];
  if (!marker || (marker[0] === '`' && info.includes('`'))) return null;
  const [language] = info.match(/[\p{L}\p{N}_+#-]+/u) || ['plain'];
  return { marker, language: language.toLowerCase() };
}

/** Whether a line closes the fence that `marker` opened: the same character, at least as often, and nothing else. */
function closesFence(line, marker) {
  const text = line.trim();
  return text.startsWith(marker) && text.split(marker[0]).every((rest) => rest === '');
}

/** The heading on this line, or the one made of the open paragraph by this underline, or null. */
function headingAt(line, paragraph) {
  const atx = ATX_HEADING.exec(line);
  if (atx) return { level: atx[1].length, title: (atx[2] || '').trim().replace(/(?:^|[ \t]+)#+$/, ''), taken: 0 };
  const setext = paragraph.length > 0 && SETEXT_UNDERLINE.exec(line);
  return setext ? { level: setext[1][0] === '=' ? 1 : 2, title: paragraph.join(' '), taken: paragraph.length } : null;
}

/** Reads a text into sections (the first, of level 0, precedes every heading) and the languages of its code blocks. */
function parse(text) {
  const lines = splitLines(text);
  const reader = { sections: [{ level: 0, title: '', line: 1, prose: [] }], code: [], paragraph: [], contained: false };
  for (let index = frontMatterLength(lines); index < lines.length; index++) readLine(reader, lines[index], index + 1);
  return { lines: lines.length, sections: reader.sections, code: reader.code };
}

/** One line: inside a block that is skipped, the start of such a block, a heading, or prose. */
function readLine(reader, line, number) {
  if (reader.closes) {
    if (reader.closes(line)) reader.closes = null;
    return;
  }
  const fence = openFence(line);
  const heading = fence ? null : headingAt(line, reader.paragraph);
  if (fence) {
    reader.code.push(fence.language);
    reader.closes = (later) => closesFence(later, fence.marker);
  } else if (/^ {0,3}<!--/.test(line) && !line.includes('-->')) {
    reader.closes = (later) => later.includes('-->');
  } else if (heading) {
    const { prose } = reader.sections[reader.sections.length - 1];
    prose.length -= heading.taken;
    reader.sections.push({ level: heading.level, title: heading.title, line: number - heading.taken, prose: [] });
  } else {
    return readProse(reader, line);
  }
  reader.paragraph = [];
  reader.contained = false;
}

/** Keeps a line of prose, and tracks the paragraph that a setext underline would turn into a heading. */
function readProse(reader, line) {
  const isBreak = line.trim() === '' || THEMATIC_BREAK.test(line);
  const starts = reader.paragraph.length === 0;
  if (starts && DEFINITION.test(line)) return;
  reader.sections[reader.sections.length - 1].prose.push(line);
  if (isBreak) reader.contained = false;
  else if (CONTAINER_START.test(line) || (starts && INDENTED.test(line))) reader.contained = true;
  if (isBreak || reader.contained) reader.paragraph = [];
  else reader.paragraph.push(line.trim());
}

/** The words of a text, in lower case, without addresses and markup. */
function wordsOf(text) {
  const plain = text.replace(IMAGE, '$1').replace(LINK, '$1').replace(ADDRESS, ' ').replace(TAG_OR_ENTITY, ' ');
  return plain.toLowerCase().match(WORD) || [];
}

/** Counts inline links, reference links and plain addresses; an image is none. */
function countLinks(text) {
  const plain = text.replace(CODE_SPAN, ' ').replace(IMAGE, '$1');
  return (plain.match(LINK) || []).length + (plain.replace(LINK, ' ').match(ADDRESS) || []).length;
}

/** How often each item occurs: `[item, count]`, ordered by item (UTF-16 code units, so that no locale matters). */
function tally(items) {
  const counts = new Map();
  for (const item of items) counts.set(item, (counts.get(item) || 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The headings of a text as a forest: `{level, title, line, children}`. */
function outline(text) {
  const root = { level: 0, children: [] };
  const path = [root];
  for (const { level, title, line } of parse(text).sections.slice(1)) {
    while (path[path.length - 1].level >= level) path.pop();
    const node = { level, title, line, children: [] };
    path[path.length - 1].children.push(node);
    path.push(node);
  }
  return root.children;
}

/** Words, lines, headings, links, code blocks by language, the longest section and the five most used words. */
function statistics(text) {
  const { lines, sections, code } = parse(text);
  const paragraphs = sections.map(({ title, prose }) => [title, ...prose.join('\n').split(/\n(?:[ \t]*\n)+/)]).flat();
  const words = paragraphs.map(wordsOf).flat();
  const sized = sections.slice(1).map(({ title, prose }) => ({ title, words: wordsOf(prose.join('\n')).length }));
  const frequent = tally(words.filter((word) => (word.match(/\p{L}/gu) || []).length >= 4));
  return {
    words: words.length,
    lines,
    headings: sized.length,
    links: paragraphs.reduce((sum, paragraph) => sum + countLinks(paragraph), 0),
    codeBlocks: tally(code).map(([language, count]) => ({ language, count })),
    longestSection: sized.reduce((best, section) => (best && best.words >= section.words ? best : section), null),
    topWords: frequent.sort(([, a], [, b]) => b - a).slice(0, 5).map(([word, count]) => ({ word, count })),
  };
}

/** All about one file. */
function report(path, text) {
  return { path, outline: outline(text), statistics: statistics(text) };
}

/** A report as one line of text. */
function line({ path, statistics: { words, headings, topWords } }) {
  const top = topWords.map(({ word, count }) => `${word} ${count}`).join(', ');
  const counts = `${String(words).padStart(6)} words ${String(headings).padStart(4)} headings`;
  return `${path.padEnd(32)} ${counts}  ${top}`.trimEnd();
}
