@echo off
rem Installs omr from this folder, without any network: install.cmd [TARGET]     (default C:\omr)
rem Run as administrator. Beside it lies python-3.xx.x-embed-amd64.zip of python.org; see docs/windows.md.
setlocal
set "here=%~dp0"
set "target=%~1"
if "%target%"=="" set "target=C:\omr"
for %%f in ("%here%python-3.*-embed-amd64.zip") do set "embedded=%%f"
if not defined embedded (
    echo omr: python-3.13.x-embed-amd64.zip is not beside this file
    exit /b 1
)
for %%f in ("%embedded%") do set "name=%%~nf"
if not exist "%target%\%name%\python.exe" (
    powershell -NoProfile -Command "Expand-Archive -Force -LiteralPath '%embedded%' -DestinationPath '%target%\%name%'" || exit /b 1
)
"%target%\%name%\python.exe" "%here%install.py" "%target%"
exit /b %errorlevel%
