// Of the forms of an answer a program wants JSON.
module.exports = {
  kubeWhatif: {
    input: './openapi.json',
    output: {
      target: './orval-client.ts',
      client: 'fetch',
      mode: 'single',
      override: { contentType: { include: ['application/json', 'application/problem+json'] } },
    },
  },
};
