package dev.culvert.agent.inspect;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionData;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionUtil;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads what a WebSocket carries after its upgrade, both ways. Runs on the event loop of the stream. */
final class WebSocketConversation implements AutoCloseable {
    private static final String DEFLATE = "permessage-deflate";

    private final WebSocketReader fromVisitor;
    private final WebSocketReader fromTarget;

    /** Whether a WebSocket follows this answer. */
    static boolean begins(ResponseHead answer) {
        return answer.status() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()
                && answer.fields()
                        .find("Upgrade")
                        .filter("websocket"::equalsIgnoreCase)
                        .isPresent();
    }

    /**
     * Begins behind the target's 101.
     *
     * @param answer that one, which says whether messages are compressed
     * @param tell brings what is to be done with the recording to its thread
     */
    WebSocketConversation(ResponseHead answer, UnpackBudget budget, Consumer<Consumer<Recording>> tell) {
        List<WebSocketExtensionData> extensions = answer.fields()
                .find("Sec-WebSocket-Extensions")
                .map(WebSocketExtensionUtil::extractExtensions)
                .orElse(List.of());
        fromVisitor = reader(true, unpacker(extensions, "client_no_context_takeover", budget), tell);
        fromTarget = reader(false, unpacker(extensions, "server_no_context_takeover", budget), tell);
    }

    private static WebSocketReader reader(
            boolean fromVisitor, @Nullable Unpacker unpacker, Consumer<Consumer<Recording>> tell) {
        return new WebSocketReader(fromVisitor, unpacker, new WebSocketReader.Listener() {
            @Override
            public void onMessages(List<WebSocketMessage> latest, long passed) {
                tell.accept(recording -> recording.messages(latest, passed));
            }

            @Override
            public void onUnreadable() {
                tell.accept(Recording::messagesUnreadable);
            }
        });
    }

    private static @Nullable Unpacker unpacker(
            List<WebSocketExtensionData> extensions, String eachAlone, UnpackBudget budget) {
        return extensions.stream()
                .filter(extension -> extension.name().equals(DEFLATE))
                .findFirst()
                .flatMap(deflate -> Unpacker.within(budget, deflate.parameters().containsKey(eachAlone)))
                .orElse(null);
    }

    void fromVisitor(ByteBuf bytes) {
        fromVisitor.read(bytes);
    }

    void fromTarget(ByteBuf bytes) {
        fromTarget.read(bytes);
    }

    @Override
    public void close() {
        fromVisitor.close();
        fromTarget.close();
    }
}
