package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.vertx.core.net.NetServerOptions;

/** The kernel's question whether a silent peer still knows the connection; one that has forgotten it resets it. */
public final class Probes {
    /** A closed socket is forgotten after 60 s on Linux; asked this often, that is noticed soon after. */
    private static final int EVERY_SECONDS = 15;

    /**
     * How long who has not even begun to leave may be silent before he is asked: seldom enough for a telephone that
     * sleeps. With {@link #UNANSWERED} questions a dead network is known after 90 s. While bytes are on their way to the
     * visitor nobody asks: the kernel gives up when those are not acknowledged, after about a quarter of an hour.
     */
    private static final int SILENCE_SECONDS = 45;

    private static final int UNANSWERED = 3;

    private Probes() {}

    /** Has all who come to a port asked once they are silent for long. */
    public static NetServerOptions forAll(NetServerOptions port) {
        port.setTcpKeepAlive(true)
                .setTcpKeepAliveIdleSeconds(SILENCE_SECONDS)
                .setTcpKeepAliveIntervalSeconds(EVERY_SECONDS)
                .setTcpKeepAliveCount(UNANSWERED);
        return port;
    }

    /** Starts to ask more often. Where the transport cannot set how often, the system's own setting holds (two hours). */
    static void start(Channel channel) {
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        if (channel instanceof EpollSocketChannel) {
            channel.config().setOption(EpollChannelOption.TCP_KEEPIDLE, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPINTVL, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPCNT, UNANSWERED);
        }
    }
}
