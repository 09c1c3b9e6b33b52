# An edge in a container: docker build -t culvert-edge .
# The agent's jar is built beside it and left behind.

FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /culvert
COPY . .
RUN mvn -B -q -Dquick package

# glibc, because Netty's native transport is made for it.
FROM eclipse-temurin:17-jre
RUN groupadd --gid 10001 culvert && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin culvert
COPY --from=build /culvert/edge/target/culvert-edge.jar /opt/culvert/culvert-edge.jar
# By number: Kubernetes can tell then that it is not root.
USER 10001:10001
WORKDIR /tmp
# Visitors, agents, admin, Hazelcast, event bus.
EXPOSE 7080 7070 7090 5701 5702
# Those of ./culvert; the memory limit in k8s/ counts on them. Setting the variable anew replaces them.
ENV JDK_JAVA_OPTIONS="-XX:+UseSerialGC -Xms64m -Xmx256m -XX:MaxDirectMemorySize=512m -Dio.netty.allocator.lowMemory=false -XX:+ExitOnOutOfMemoryError"
# The JVM is the process that gets SIGTERM.
ENTRYPOINT ["java", "-jar", "/opt/culvert/culvert-edge.jar"]
CMD ["edge"]
