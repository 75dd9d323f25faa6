# The control plane, and the init container that leads a pod's connections into its sidecar (`iptables-restore`).
# `make image` builds the same without Docker.
FROM node:24-trixie-slim AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY . .
RUN npm ci --no-audit --no-fund && npm run build

FROM node:24-trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends iptables && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /src/dist/heddle.mjs /app/heddle.mjs
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["node", "/app/heddle.mjs"]
