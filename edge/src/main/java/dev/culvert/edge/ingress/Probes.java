package dev.culvert.edge.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;

/** The kernel's question whether a silent peer still knows the connection; one that has forgotten it resets it. */
final class Probes {
    /** A closed socket is forgotten after 60 s on Linux; asked this often, that is noticed soon after. */
    private static final int EVERY_SECONDS = 15;

    private static final int UNANSWERED = 3;

    private Probes() {}

    /** Starts to ask. Where the transport cannot set how often, the system's own setting holds (two hours). */
    static void start(Channel channel) {
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        if (channel instanceof EpollSocketChannel) {
            channel.config().setOption(EpollChannelOption.TCP_KEEPIDLE, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPINTVL, EVERY_SECONDS);
            channel.config().setOption(EpollChannelOption.TCP_KEEPCNT, UNANSWERED);
        }
    }
}
