package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is the same of all visitor connections, whatever they speak: who is there, the streams that stay between requests,
 * and one flush for all that a turn of the event loop has written. Used on the channel's event loop.
 */
final class VisitorConnection {
    /** Of IPv6 the address is in brackets then, and may be without a port as well. */
    private static final Pattern WITH_PORT = Pattern.compile("\\[?([0-9.]+|(?<=\\[)[0-9a-fA-F:.]+)]?(?::\\d{1,5})?");

    private final Channel channel;
    private final Arrival arrival;
    private final String peer;
    private final String ip;
    private final Predicate<InetAddress> proxies;
    private final boolean trusted;
    private final PinnedStreams pinned;
    private final Runnable flushing = this::flush;
    private boolean flushScheduled;

    VisitorConnection(Channel channel, IngressOptions options) {
        IngressOptions.Deadlines deadlines = options.deadlines();
        this.channel = channel;
        this.arrival = Arrival.of(channel);
        this.peer = NetUtil.toSocketAddressString(arrival.visitor());
        this.ip = NetUtil.toAddressString(arrival.visitor().getAddress());
        this.proxies = options.trustedProxies();
        this.trusted = proxies.test(arrival.visitor().getAddress());
        this.pinned = new PinnedStreams(channel.eventLoop(), deadlines.pinned(), deadlines.linger());
    }

    Channel channel() {
        return channel;
    }

    Arrival arrival() {
        return arrival;
    }

    InetSocketAddress address() {
        return arrival.visitor();
    }

    /** The address and the port, as frames say them. */
    String peer() {
        return peer;
    }

    /** The address alone, as heads say it. */
    String ip() {
        return ip;
    }

    /**
     * Whose request it is: the connection's peer, or the one that the trusted proxies before it have named, of which each
     * has written down who came to it.
     */
    InetAddress client(HttpHeaders headers) {
        return trusted
                ? client(headers.getAll(TargetRequest.FORWARDED_FOR))
                : arrival.visitor().getAddress();
    }

    /** The same by the values of {@link TargetRequest#FORWARDED_FOR}. */
    InetAddress client(List<? extends CharSequence> forwardedFor) {
        InetAddress client = arrival.visitor().getAddress();
        String[] named = String.join(",", forwardedFor).split(",", -1);
        for (int last = named.length - 1; last >= 0 && proxies.test(client); last--) {
            InetAddress address = address(named[last].strip());
            if (address == null) {
                break;
            }
            client = address;
        }
        return client;
    }

    /** Some proxies write the port behind it; null when it is no address. */
    private static @Nullable InetAddress address(String text) {
        Matcher withPort = WITH_PORT.matcher(text);
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(withPort.matches() ? withPort.group(1) : text);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("neither 4 nor 16 bytes", e);
        }
    }

    /** Whether the visitor came by TLS. */
    boolean isSecure() {
        return arrival.isSecure();
    }

    /** Whether it is a proxy of the operator's, which may say for whom it forwards. */
    boolean isTrusted() {
        return trusted;
    }

    /** Whether a trusted proxy says that the request came to it by TLS; empty where none says anything. */
    Optional<Boolean> saidToBeSecure(HttpHeaders headers) {
        List<String> protocols = trusted ? headers.getAll("x-forwarded-proto") : List.of();
        if (protocols.isEmpty()) {
            return Optional.empty();
        }
        // The last word is that of the proxy itself; those before it came with the request.
        String said = protocols.get(protocols.size() - 1);
        return Optional.of(said.substring(said.lastIndexOf(',') + 1).strip().equalsIgnoreCase("https"));
    }

    /** The streams that stay with this visitor connection between its requests. */
    PinnedStreams pinned() {
        return pinned;
    }

    /** Throws {@link RefusedException} with the answer to a request that came in plaintext where TLS is spoken. */
    void requireRightDoor(RequestHead head) {
        if (arrival.misdirected()) {
            throw new RefusedException(Reply.speakTls("https://" + head.authority() + head.target()));
        }
    }

    /** Flushes by the end of this turn; at once what fills the socket's queue, so that a long body keeps moving. */
    void flushSoon() {
        if (!channel.isWritable()) {
            channel.flush();
        } else if (!flushScheduled) {
            flushScheduled = true;
            channel.eventLoop().execute(flushing);
        }
    }

    private void flush() {
        flushScheduled = false;
        channel.flush();
    }
}
