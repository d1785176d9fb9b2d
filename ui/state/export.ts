/** What is seen, as a file: pictures as SVG and PNG, answers as Markdown and CSV. */
import { askText } from './ask.js';
import { type Drawing, drawing, type Shown } from './shown.js';

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser takes the file in the next turns.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** What of the page's style a picture takes along into a file of its own. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'paint-order',
] as const;

/** A picture with its style inside. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const own = [svg, ...svg.querySelectorAll<SVGElement>('*')];
  const copied = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  for (const [index, element] of own.entries()) {
    const style = getComputedStyle(element);
    for (const name of STYLES) copied[index]?.setAttribute(name, style.getPropertyValue(name).replaceAll('"', "'"));
  }
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new XMLSerializer().serializeToString(copy);
}

/** The pictures that are seen, the main one first. */
function pictures(): readonly SVGSVGElement[] {
  return [...document.querySelectorAll<SVGSVGElement>('main .picture > svg')];
}

/** The pictures that belong together, beside each other in one. `count`: how many of those that are seen. */
function together(count: number): Drawing | undefined {
  if (drawing.value !== undefined) return drawing.value();
  const shown = pictures().slice(0, count);
  const sizes = shown.map((svg) => svg.getBoundingClientRect());
  const [first] = shown;
  if (first === undefined) return undefined;
  const height = Math.max(...sizes.map((size) => size.height));
  const width = sizes.reduce((sum, size) => sum + size.width, 0);
  if (shown.length === 1) return { text: standalone(first), width, height };
  let x = 0;
  const inner = shown.map((svg, index) => {
    const text = standalone(svg).replace(/^<svg /, `<svg x="${x}" `);
    x += sizes[index]?.width ?? 0;
    return text;
  });
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inner.join('')}</svg>`;
  return { text, width, height };
}

export function saveSvg(name: string, count: number): void {
  const whole = together(count);
  if (whole !== undefined) save(new Blob([whole.text], { type: 'image/svg+xml' }), `${name}.svg`);
}

/** Throws where the browser cannot paint the picture. */
export async function savePng(name: string, count: number): Promise<void> {
  const whole = together(count);
  if (whole === undefined) return;
  const address = URL.createObjectURL(new Blob([whole.text], { type: 'image/svg+xml' }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * whole.width;
  canvas.height = 2 * whole.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
  if (blob !== null) save(blob, `${name}.png`);
}

/** The answer that is seen in another form, as the service writes it. Throws as a question does. */
export async function saveForm({ kind, body }: Shown, form: 'markdown' | 'csv', name: string): Promise<void> {
  const text = await askText(kind, body, form);
  const type = form === 'csv' ? 'text/csv' : 'text/markdown';
  save(new Blob([text], { type }), `${name}.${form === 'csv' ? 'csv' : 'md'}`);
}
