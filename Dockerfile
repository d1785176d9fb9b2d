# The service: small, without root, on a read-only file system. `docker build -t kube-whatif .`
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY openapi ./openapi
COPY proto ./proto
COPY tools ./tools
COPY src ./src
COPY ui ./ui
COPY examples ./examples
RUN npm run -s build && npm run -s notices && npm run -s sbom && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
# What only builds need is not in the image.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn*
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist/cli ./dist/cli
COPY --from=build /app/dist/server ./dist/server
COPY --from=build /app/dist/src ./dist/src
COPY --from=build /app/dist/ui ./dist/ui
COPY --from=build /app/dist/THIRD-PARTY-NOTICES.txt ./dist/THIRD-PARTY-NOTICES.txt
COPY --from=build /app/dist/sbom.cdx.json ./dist/sbom.cdx.json
COPY package.json LICENSE ./
COPY openapi ./openapi
COPY proto ./proto
COPY examples ./examples
# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 65532:65532
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 GRPC_PORT=9090
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["node", "/app/dist/src/healthcheck.js"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
CMD ["serve"]
