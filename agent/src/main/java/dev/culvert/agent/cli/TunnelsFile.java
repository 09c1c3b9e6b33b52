package dev.culvert.agent.cli;

import dev.culvert.agent.TunnelOptions;
import dev.culvert.config.ConfigException;
import dev.culvert.config.Settings;
import dev.culvert.config.YamlSection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A {@code culvert.yaml}: an agent's options, and its tunnels by what their owner calls them.
 *
 * <pre>
 * edge: 127.0.0.1:7070
 * token-file: /run/secrets/culvert
 * tunnels:
 *   web:
 *     target: 3000
 *     name: shop
 *     host-header: rewrite
 *   api: {target: "https://localhost:8443", insecure-target: true}
 *   docs: 8000
 *   ssh: {kind: tcp, target: 22, remote-port: 2222}
 * </pre>
 *
 * @param section what the file says
 */
record TunnelsFile(YamlSection section) {
    private static final String TUNNELS = "tunnels";
    private static final String TARGET = "target";
    private static final String KIND = "kind";

    /** Reads a file; its mistakes are {@link ConfigException}s that say the line. */
    static TunnelsFile read(Path path) {
        YamlSection section = YamlSection.read(path);
        Set<String> known = new TreeSet<>(AgentOption.keys(AgentOption.OF_AGENT));
        known.add(TUNNELS);
        section.allowOnly(known);
        return new TunnelsFile(section);
    }

    /**
     * The tunnels.
     *
     * @param wanted which of them; all when empty
     */
    List<WantedTunnel> tunnels(List<String> wanted) {
        YamlSection all = section.section(TUNNELS)
                .filter(tunnels -> !tunnels.keys().isEmpty())
                .orElseThrow(
                        () -> section.error(TUNNELS, "there is none; write one like `web: {target: 3000}` below it"));
        Map<String, WantedTunnel> byName = new LinkedHashMap<>();
        for (String name : all.keys()) {
            byName.put(name, tunnel(all, name));
        }
        if (wanted.isEmpty()) {
            return List.copyOf(byName.values());
        }
        List<WantedTunnel> chosen = new ArrayList<>();
        for (String name : wanted) {
            WantedTunnel tunnel = byName.get(name.replace('_', '-'));
            if (tunnel == null) {
                throw new ConfigException("%s has no tunnel %s; it has %s"
                        .formatted(section.placeOf(TUNNELS), name, String.join(", ", byName.keySet())));
            }
            chosen.add(tunnel);
        }
        return chosen;
    }

    private static WantedTunnel tunnel(YamlSection all, String name) {
        if (all.isText(name)) {
            return wanted(
                    all,
                    name,
                    TunnelOptions.Kind.HTTP,
                    YamlSection.empty(""),
                    all.text(name).orElse(""));
        }
        YamlSection tunnel = all.section(name).orElseThrow(() -> all.error(name, "a tunnel needs a target"));
        TunnelOptions.Kind kind = kind(tunnel);
        Set<String> known = new TreeSet<>(AgentOption.keys(AgentOption.of(kind)));
        known.add(TARGET);
        known.add(KIND);
        tunnel.allowOnly(known);
        String target = tunnel.text(TARGET).orElseThrow(() -> all.error(name, "a tunnel needs a target"));
        return wanted(all, name, kind, tunnel, target);
    }

    private static TunnelOptions.Kind kind(YamlSection tunnel) {
        try {
            return tunnel.text(KIND).map(TunnelOptions.Kind::parse).orElse(TunnelOptions.Kind.HTTP);
        } catch (IllegalArgumentException e) {
            throw tunnel.error(KIND, String.valueOf(e.getMessage()));
        }
    }

    private static WantedTunnel wanted(
            YamlSection all, String name, TunnelOptions.Kind kind, YamlSection tunnel, String target) {
        try {
            return AgentChoices.tunnel(
                    name, kind, new Choices(Map.of(), new Settings(Map.of(), List.of(tunnel))), target);
        } catch (IllegalArgumentException e) {
            throw all.error(name, String.valueOf(e.getMessage()));
        }
    }
}
