# image-trust-operator. `docker buildx build --platform linux/amd64,linux/arm64 .`, or `make docker-build`.
# The final image holds Node, the libraries that it needs and the program: no shell, no npm, nothing to install with.
# test/packed/image.test.ts replays these steps: keep to COPY, RUN, WORKDIR and paths below the WORKDIR.
ARG NODE_IMAGE=node:26.10.0-slim

# JavaScript is the same on every platform: this stage runs on the builder's own.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${NODE_IMAGE} AS program
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
COPY tsconfig.json ./
COPY .ci/build.ts .ci/
COPY src src
COPY LICENSE ./
RUN node .ci/build.ts && npm prune --omit=dev --ignore-scripts --no-fund --no-audit --loglevel=error
RUN mkdir app && cp -R package.json LICENSE dist node_modules app/

FROM ${NODE_IMAGE} AS runtime
WORKDIR /build
COPY .ci/image-root.sh ./
RUN sh ./image-root.sh root

FROM scratch
LABEL org.opencontainers.image.title="image-trust-operator" \
      org.opencontainers.image.description="Re-verifies the signatures of container images that are running now" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=runtime /build/root/ /
COPY --from=program /build/app/ /app/
# Small for months rather than fast for seconds: a young generation of 2 MB, and memory that is freed goes back to the
# system at once, from few arenas. Read by `make bench`.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=2 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=65536 \
    MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/bin.cjs"]
CMD ["operator"]
