package dev.culvert.agent.cli;

/** The agent's command line. */
public final class AgentMain {

    private AgentMain() {}

    public static void main(String[] args) {
        System.out.println("culvert agent");
    }
}
