/** Name and version as answers carry them. The version is that of package.json (a test holds them together). */
export const ENGINE = { name: 'kube-whatif', version: '0.2.0' } as const;
