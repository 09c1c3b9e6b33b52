package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.vertx.core.net.NetServerOptions;

/** The kernel's question whether a silent peer still knows the connection; one that has forgotten it resets it. */
public final class Probes {
    /**
     * The time between two questions; after {@link #start} also that before the first one. A visitor that has left is
     * noticed soon after 60 s, when Linux has forgotten its closed socket and answers with a reset.
     */
    private static final int EVERY_SECONDS = 15;

    /**
     * The time before the first question to all others: long enough to let telephones sleep. A dead network is noticed
     * after 90 s, when {@link #UNANSWERED} questions had no answer. While bytes are on their way to the visitor the kernel
     * asks nothing, and gives up when they are not acknowledged for about a quarter of an hour.
     */
    private static final int SILENCE_SECONDS = 45;

    /** So many questions without an answer end the connection. */
    private static final int UNANSWERED = 3;

    private Probes() {}

    /** Has all who come to a port asked once they have been silent for long. */
    public static NetServerOptions forAll(NetServerOptions port) {
        port.setTcpKeepAlive(true)
                .setTcpKeepAliveIdleSeconds(SILENCE_SECONDS)
                .setTcpKeepAliveIntervalSeconds(EVERY_SECONDS)
                .setTcpKeepAliveCount(UNANSWERED);
        return port;
    }

    /** Has one visitor asked sooner. Where the transport cannot set how soon, the system's own setting holds (two hours). */
    static void start(Channel channel) {
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        if (channel instanceof EpollSocketChannel) {
            channel.config().setOption(EpollChannelOption.TCP_KEEPIDLE, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPINTVL, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPCNT, UNANSWERED);
        }
    }
}
