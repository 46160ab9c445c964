# The conference server and its media workers as a small image: no shell, no package manager, a user without rights, and
# nothing that it writes to. docs/operations.md says how to run it.
#
#   docker build -t sluice .            (or: buildah bud --format docker -t sluice .)
#
# --build-arg BASE=…   what it is built in and taken from: Debian 12, or what has its packages
ARG BASE=debian:bookworm-slim

# --- The tools ----------------------------------------------------------------------------------------------------------
FROM ${BASE} AS tools
WORKDIR /src
COPY scripts/setup scripts/
COPY scripts/lib/common.sh scripts/lib/
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ccache && scripts/setup --minimal

# --- The worker ---------------------------------------------------------------------------------------------------------
FROM tools AS worker
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake/ cmake/
COPY fbs/ fbs/
COPY include/ include/
COPY src/ src/
COPY native/ native/
COPY examples/native/ examples/native/
COPY worker/ worker/
RUN --mount=type=cache,target=/var/cache/ccache \
    export CCACHE_DIR=/var/cache/ccache && \
    cmake --preset release -DSLUICE_TESTS=OFF -DSLUICE_LOAD=OFF -DSLUICE_UNITY=ON && ninja -C build/release sluice-worker && \
    strip build/release/worker/sluice-worker

# --- The server ---------------------------------------------------------------------------------------------------------
FROM tools AS server
COPY package.json package-lock.json tsconfig.base.json ./
COPY node/package.json node/
COPY server/package.json server/
COPY test/e2e/package.json test/e2e/
RUN npm ci --no-audit --no-fund --loglevel=error --ignore-scripts --workspace node --workspace server --include-workspace-root
COPY node/ node/
COPY server/ server/
RUN npm run --silent build --workspace node --workspace server && \
    npm prune --no-audit --no-fund --loglevel=error --ignore-scripts --omit=dev --workspace node --workspace server

# --- Only what runs: files of the stages above and the libraries that they load --------------------------------------------
FROM server AS root
COPY deploy/image-root deploy/
COPY --from=worker /src/build/release/worker/sluice-worker /usr/local/bin/
RUN deploy/image-root /image

FROM scratch
COPY --from=root /image/ /
ENV PATH=/usr/local/bin:/usr/bin \
    NODE_ENV=production \
    SLUICE_HOST=0.0.0.0 \
    SLUICE_PORT=8000 \
    SLUICE_RTC_PORTS=40000-40100
EXPOSE 8000/tcp 40000-40100/udp 40000-40100/tcp
USER 10001:10001
WORKDIR /opt/sluice
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["node", "/opt/sluice/server/dist/main.js", "healthcheck"]
ENTRYPOINT ["node", "/opt/sluice/server/dist/main.js"]
