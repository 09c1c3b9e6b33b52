@echo off
rem Starts Culvert on Windows; "culvert help" lists the commands. Builds it on first use;
rem after a change of the sources build again with: mvn -Dquick package
setlocal

rem JVM options by program; CULVERT_JAVA_OPTS comes after them, and so wins. The same as in the script "culvert".
set "AGENT_JVM=-XX:+UseSerialGC -Xms16m -Xmx128m -XX:MaxDirectMemorySize=256m -Dio.netty.allocator.lowMemory=false -XX:+ExitOnOutOfMemoryError"
set "EDGE_JVM=-XX:+UseSerialGC -Xms64m -Xmx256m -XX:MaxDirectMemorySize=512m -Dio.netty.allocator.lowMemory=false -XX:+ExitOnOutOfMemoryError"

set "HERE=%~dp0"
set "AGENT_JAR=%HERE%agent\target\culvert-agent.jar"
set "EDGE_JAR=%HERE%edge\target\culvert-edge.jar"

set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
"%JAVA%" --version >nul 2>nul || (
    echo culvert: needs Java 17 or newer: install a JDK or set JAVA_HOME>&2
    exit /b 1
)

if exist "%AGENT_JAR%" if exist "%EDGE_JAR%" goto run
where mvn >nul 2>nul || (
    echo culvert: needs Maven to build itself, this once: install it and try again>&2
    exit /b 1
)
echo culvert: building, which takes about a minute the first time>&2
pushd "%HERE%"
call mvn -B -q -Dquick package 1>&2
set "STATUS=%ERRORLEVEL%"
popd
if not "%STATUS%"=="0" (
    echo culvert: the build failed; Maven says why above>&2
    exit /b 1
)

:run
set "JAR=%AGENT_JAR%"
set "JVM=%AGENT_JVM%"
for %%c in (edge demo token) do if "%~1"=="%%c" (
    set "JAR=%EDGE_JAR%"
    set "JVM=%EDGE_JVM%"
)
rem Help about the edge's commands is in its program.
if "%~1"=="help" for %%c in (edge demo token) do if "%~2"=="%%c" (
    "%JAVA%" %EDGE_JVM% %CULVERT_JAVA_OPTS% -jar "%EDGE_JAR%" %%c %3 --help
    exit /b
)
"%JAVA%" %JVM% %CULVERT_JAVA_OPTS% -jar "%JAR%" %*
exit /b %ERRORLEVEL%
