# The image of worker, API and command line. On glibc: Temporal's native core does not run on Alpine.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY dev/openapi/package.json dev/openapi/
# No install script is needed: what is native comes prebuilt.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build
# Optional packages are build tools for other machines and the embedded Postgres: the image has neither.
RUN npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:22-bookworm-slim
# Temporal's core takes the system's certificates to check a server's TLS.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
# Temporal's core and Node have many threads, and glibc gives each of them an arena that keeps what it has.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN printf '#!/bin/sh\nexec node /app/dist/cli/main.js --config /etc/openpool/openpool.yaml "$@"\n' \
    > /usr/local/bin/openpool \
  && chmod 755 /usr/local/bin/openpool
# A new volume takes its owner from here.
RUN install --directory --owner=node --group=node /var/lib/openpool/archive
USER node
EXPOSE 8080
CMD ["node", "dist/main.js", "--config", "/etc/openpool/openpool.yaml"]
