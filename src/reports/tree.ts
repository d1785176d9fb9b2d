/** A node of a tree that is drawn with box characters: its own lines, then its children. */
export interface TreeNode {
  readonly lines: readonly string[];
  readonly children: readonly TreeNode[];
}

function* drawBelow(node: TreeNode, indent: string): Generator<string> {
  for (const [index, child] of node.children.entries()) {
    const last = index === node.children.length - 1;
    const [first = '', ...rest] = child.lines;
    yield `${indent}${last ? '└─' : '├─'} ${first}`;
    const below = `${indent}${last ? '  ' : '│ '} `;
    // Further lines of a node keep the branch to its children visible.
    const inner = child.children.length > 0 ? `${below}│  ` : `${below}   `;
    for (const line of rest) yield `${inner}${line}`;
    yield* drawBelow(child, below);
  }
}

/** The lines of a drawn tree. The root's first line is at the margin. */
export function drawTree(root: TreeNode): string[] {
  const [first = '', ...rest] = root.lines;
  const inner = root.children.length > 0 ? '│  ' : '   ';
  return [first, ...rest.map((line) => `${inner}${line}`), ...drawBelow(root, '')].map((line) => line.trimEnd());
}
